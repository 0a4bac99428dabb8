package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

type versionCommand struct {
	JSON bool `help:"Print as JSON."`
}

// Run prints the version that the build recorded.
func (c *versionCommand) Run(t *terminal) error {
	v := struct {
		Version  string `json:"version"`
		Revision string `json:"revision,omitempty"`
		Go       string `json:"go"`
		Platform string `json:"platform"`
	}{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			v.Version = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v.Revision = s.Value
			}
		}
	}
	if c.JSON {
		return writeJSON(t.out, v)
	}
	_, err := fmt.Fprintf(t.out, "manyou %s (%s, %s)\n", v.Version, v.Go, v.Platform)
	return err
}
