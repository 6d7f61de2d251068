package policy

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// MaxRules bounds the text of rules, in octets.
const MaxRules = 64 << 20

// Decode reads rules from YAML or JSON, strictly: unknown and repeated keys are faults,
// and so is a second document. It does not compile them.
func Decode(text []byte) (*Rules, error) {
	if len(text) > MaxRules {
		return nil, Faults{fault("", "document", "size", MaxRules)}.refusal()
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	rules := new(Rules)
	if err := decoder.Decode(rules); err != nil {
		return nil, documentFaults(err).refusal()
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, Faults{fault("", "document", "document", "more than one document")}.refusal()
	}
	return rules, nil
}

// documentFaults makes a fault of each line the decoder complains of.
func documentFaults(err error) (faults Faults) {
	if errors.Is(err, io.EOF) {
		return Faults{fault("", "document", "document", "it is empty")}
	}
	lines := []string{strings.TrimPrefix(err.Error(), "yaml: ")}
	if typed, ok := errors.AsType[*yaml.TypeError](err); ok {
		lines = typed.Errors
	}
	for _, line := range lines[:min(len(lines), maxFaults)] {
		faults = append(faults, fault("", "document", "document", line))
	}
	return faults
}
