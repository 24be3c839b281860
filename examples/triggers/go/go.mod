module triggers

go 1.19

require github.com/clintjedwards/gofer/crates/sdk/go/client v0.0.0

require (
	golang.org/x/net v0.33.0 // indirect
	golang.org/x/sys v0.28.0 // indirect
	golang.org/x/text v0.21.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20240318140521-94a12d6c2237 // indirect
	google.golang.org/grpc v1.64.1 // indirect
	google.golang.org/protobuf v1.33.0 // indirect
)

replace github.com/clintjedwards/gofer/crates/sdk/go/client => ../../../crates/sdk/go/client
