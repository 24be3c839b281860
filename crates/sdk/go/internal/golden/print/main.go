// Command print writes one of the golden pipelines: go run ./internal/golden/print NAME.
package main

import (
	"fmt"
	"os"

	"github.com/clintjedwards/gofer/crates/sdk/go/internal/golden"
)

func main() {
	if len(os.Args) == 2 {
		if make, ok := golden.All[os.Args[1]]; ok {
			make().Emit()
			return
		}
	}
	fmt.Fprintln(os.Stderr, "name one of the pipelines of proto/testdata/pipelines/valid")
	os.Exit(2)
}
