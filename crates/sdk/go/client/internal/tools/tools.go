//go:build tools

// Package tools fixes the versions of the generators that scripts/generate-clients calls.
package tools

import (
	_ "google.golang.org/grpc/cmd/protoc-gen-go-grpc"
	_ "google.golang.org/protobuf/cmd/protoc-gen-go"
)
