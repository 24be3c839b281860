module github.com/clintjedwards/gofer/crates/sdk/go

go 1.19
