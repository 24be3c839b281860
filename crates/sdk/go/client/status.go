package client

import (
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// The domain of the details that every error of a node has.
const errorDomain = "gofer"

// isTransient says whether another try may fare better. What a broken connection is turned into has various codes, but
// no details.
func isTransient(s *status.Status) bool {
	info, retry := detailsOf(s)
	switch s.Code() {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Unknown:
		return true
	case codes.ResourceExhausted:
		return retry
	case codes.Internal:
		return info == nil
	}
	return false
}

// The details of a node's own, and whether it asks for another try.
func detailsOf(s *status.Status) (info *errdetails.ErrorInfo, retry bool) {
	for _, detail := range s.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			if detail.Domain == errorDomain {
				info = detail
			}
		case *errdetails.RetryInfo:
			retry = true
		}
	}
	return info, retry
}

func rejected(s *status.Status) *Rejected {
	r := &Rejected{Code: s.Code(), Message: s.Message(), Metadata: map[string]string{}}
	if r.Message == "" {
		r.Message = s.Code().String()
	}
	info, _ := detailsOf(s)
	if info != nil {
		r.Reason, r.Help, r.Field = info.Reason, info.Metadata["help"], info.Metadata["field"]
		for key, value := range info.Metadata {
			if key != "help" && key != "field" {
				r.Metadata[key] = value
			}
		}
	}
	for _, detail := range s.Details() {
		if bad, ok := detail.(*errdetails.BadRequest); ok {
			for _, one := range bad.FieldViolations {
				r.Violations = append(r.Violations, Violation{Field: one.Field, Description: one.Description})
			}
		}
	}
	if r.Field == "" && len(r.Violations) > 0 {
		r.Field = r.Violations[0].Field
	}
	return r
}

// reason says in a few words why a try failed.
func reason(s *status.Status) string {
	if s.Message() == "" {
		return s.Code().String()
	}
	return s.Message()
}
