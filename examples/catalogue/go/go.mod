module catalogue

go 1.19

require github.com/clintjedwards/gofer/crates/sdk/go v0.0.0

replace github.com/clintjedwards/gofer/crates/sdk/go => ../../../crates/sdk/go
