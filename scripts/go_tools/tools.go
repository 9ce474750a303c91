//go:build tools

// Package tools names the programs that scripts/build_go_tools.sh builds, so that go.mod and go.sum pin them and all they need. To take newer
// versions: change go.mod, then `go mod tidy` here. No module in go.mod may ask for a Go newer than Debian 12's, 1.19.
package tools

import (
	_ "github.com/bojand/ghz/cmd/ghz"
	_ "github.com/fullstorydev/grpcurl/cmd/grpcurl"
)
