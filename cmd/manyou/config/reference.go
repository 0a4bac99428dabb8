package config

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
)

// commentWidth is where the comments of the reference wrap.
const commentWidth = 96

// Reference returns the defaults as a configuration file in which a comment explains each key. It is made from
// the doc tags of [Config], so that it cannot miss a key.
func Reference() ([]byte, error) {
	comments := yaml.CommentMap{}
	explain(reflect.TypeFor[Config](), "$", comments)
	out, err := yaml.MarshalWithOptions(Default(), yaml.WithComment(comments), yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("config: reference: %w", err)
	}
	return out, nil
}

// Marshal returns the configuration as a file, without secrets.
func (c Config) Marshal() ([]byte, error) {
	out, err := yaml.MarshalWithOptions(c.Redacted(), yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	return out, nil
}

func explain(t reflect.Type, path string, into yaml.CommentMap) {
	for i := range t.NumField() {
		f := t.Field(i)
		key := path + "." + f.Tag.Get("yaml")
		into[key] = []*yaml.Comment{yaml.HeadComment(wrap(f.Tag.Get("doc"), commentWidth)...)}
		if f.Type.Kind() == reflect.Struct {
			explain(f.Type, key, into)
		}
	}
}

// wrap breaks a text into lines of at most width characters, each with the space that follows "#".
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		line += " " + word
	}
	return append(lines, line)
}
