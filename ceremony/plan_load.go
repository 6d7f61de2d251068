package ceremony

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"onecert/pki"
)

// ParsePlan reads a ceremony's file strictly and checks what can be known without the
// roots' state. Each fault is told as "file:line: rule: what is wrong".
func ParsePlan(file, dir string, data []byte) (*Plan, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	p := &Plan{file: file, dir: dir, data: data}
	if err := decoder.Decode(p); err != nil {
		return nil, wrongPlan(yamlFaults(file, err))
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, wrongPlan([]string{file + ":1: one-document: the file holds more than one YAML document"})
	}
	c, err := newPlanCheck(p)
	if err != nil {
		return nil, err
	}
	c.alone(p)
	return p, c.err()
}

func wrongPlan(faults []string) error {
	if len(faults) == 0 {
		return nil
	}
	return pki.Errorf(pki.Invalid, "ceremony.plan", "%s", strings.Join(faults, "\n")).
		To("mend the file and have it reviewed again; nothing was done")
}

// yamlFaults rewrites the decoder's "line N: text" into our form.
func yamlFaults(file string, err error) (faults []string) {
	if typed, ok := errors.AsType[*yaml.TypeError](err); ok {
		for _, text := range typed.Errors {
			line, rest, _ := strings.Cut(strings.TrimPrefix(text, "line "), ": ")
			faults = append(faults, fmt.Sprintf("%s:%s: known-fields: %.120s", file, line, rest))
		}
		return faults
	}
	if errors.Is(err, io.EOF) {
		return []string{file + ":1: yaml: the file is empty"}
	}
	line, text := "1", strings.TrimPrefix(err.Error(), "yaml: ")
	if after, found := strings.CutPrefix(text, "line "); found {
		line, text, _ = strings.Cut(after, ": ")
	}
	return []string{fmt.Sprintf("%s:%s: yaml: %.120s", file, line, text)}
}

// planCheck collects what is wrong with a plan and where.
type planCheck struct {
	file   string
	root   *yaml.Node
	faults []string
}

func newPlanCheck(p *Plan) (*planCheck, error) {
	c := &planCheck{file: p.file, root: &yaml.Node{}}
	if err := yaml.Unmarshal(p.data, c.root); err != nil {
		return nil, wrongPlan(yamlFaults(p.file, err))
	}
	return c, nil
}

func (c *planCheck) err() error { return wrongPlan(c.faults) }

// must records a fault under the line of key, a path such as "acts.2.root.suite".
func (c *planCheck) must(ok bool, key, rule, text string, args ...any) bool {
	if !ok {
		c.faults = append(c.faults, fmt.Sprintf("%s:%d: %s: %s", c.file, c.line(key), rule, fmt.Sprintf(text, args...)))
	}
	return ok
}

// holds records an error of a check that explains itself.
func (c *planCheck) holds(err error, key, rule string) {
	if err != nil {
		c.must(false, key, rule, "%v", err)
	}
}

// line is where a key stands, or as much of its path as is there.
func (c *planCheck) line(key string) int {
	node := c.root
	if node.Kind == yaml.DocumentNode && len(node.Content) > 0 {
		node = node.Content[0]
	}
	line := max(node.Line, 1)
	for part := range strings.SplitSeq(key, ".") {
		next := child(node, part)
		if next == nil {
			return line
		}
		node, line = next, next.Line
	}
	return line
}

func child(node *yaml.Node, part string) *yaml.Node {
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == part {
				return node.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(part); err == nil && i < len(node.Content) {
			return node.Content[i]
		}
	}
	return nil
}
