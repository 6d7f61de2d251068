package ca

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"onecert/pki"
)

//go:embed profiles/*.yaml
var delivered embed.FS

// maxProfile bounds a profile file; the delivered ones are under 2 KiB.
const maxProfile = 64 << 10

// Profiles are all profiles of a CA by name.
type Profiles map[string]*Profile

// DeliveredProfiles returns the profiles that come with the program.
func DeliveredProfiles() (Profiles, error) {
	sub, err := fs.Sub(delivered, "profiles")
	if err != nil {
		return nil, fmt.Errorf("reading the delivered profiles: %w", err)
	}
	return LoadProfiles(sub)
}

// LoadProfiles reads every *.yaml of a folder and checks each by itself and all
// together. Every fault is reported, as "file:line: rule: what is wrong".
func LoadProfiles(folder fs.FS) (Profiles, error) {
	files, err := fs.Glob(folder, "*.yaml")
	if err != nil || len(files) == 0 {
		return nil, pki.Errorf(pki.Invalid, "profile.none", "the profile folder holds no .yaml file").Because(err)
	}
	all := Profiles{}
	var faults []string
	for _, file := range files {
		data, err := readBounded(folder, file)
		if err != nil {
			return nil, err
		}
		p, wrong := ParseProfile(path.Base(file), data)
		faults = append(faults, wrong...)
		if p == nil {
			continue
		}
		if _, twice := all[p.Name]; twice {
			faults = append(faults, fmt.Sprintf("%s:1: name-unique: profile %q stands in two files", file, p.Name))
		}
		all[p.Name] = p
	}
	faults = append(faults, all.checkPairs()...)
	if len(faults) > 0 {
		return nil, pki.Errorf(pki.Invalid, "profile.wrong", "%s", strings.Join(faults, "\n")).To("mend the profile; nothing was loaded")
	}
	return all, nil
}

func readBounded(folder fs.FS, file string) ([]byte, error) {
	f, err := folder.Open(file)
	if err != nil {
		return nil, fmt.Errorf("opening profile %s: %w", file, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxProfile+1))
	if err != nil {
		return nil, fmt.Errorf("reading profile %s: %w", file, err)
	}
	if len(data) > maxProfile {
		return nil, pki.Errorf(pki.Invalid, "profile.size", "profile %s is larger than %d octets", file, maxProfile)
	}
	return data, nil
}

// ParseProfile reads one profile strictly (unknown keys are faults) and checks it.
// The faults name file, line and rule; the profile is nil if there is any.
func ParseProfile(file string, data []byte) (*Profile, []string) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	p := &Profile{raw: bytes.Clone(data), hash: contentHash(data)}
	if err := decoder.Decode(p); err != nil {
		return nil, yamlFaults(file, err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, []string{file + ":1: one-document: the file holds more than one YAML document"}
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, yamlFaults(file, err)
	}
	c := &profileCheck{file: file, root: &root}
	c.all(p)
	if len(c.faults) > 0 {
		return nil, c.faults
	}
	return p, nil
}

// yamlFaults rewrites the decoder's "line N: text" into our form.
func yamlFaults(file string, err error) []string {
	var faults []string
	if typed, ok := errors.AsType[*yaml.TypeError](err); ok {
		for _, text := range typed.Errors {
			line, rest, _ := strings.Cut(strings.TrimPrefix(text, "line "), ": ")
			faults = append(faults, fmt.Sprintf("%s:%s: known-fields: %.120s", file, line, rest))
		}
		return faults
	}
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	line := "1"
	if after, found := strings.CutPrefix(text, "line "); found {
		line, text, _ = strings.Cut(after, ": ")
	}
	return []string{fmt.Sprintf("%s:%s: yaml: %.120s", file, line, text)}
}

// checkPairs holds the halves of dual certificates against each other.
func (all Profiles) checkPairs() (faults []string) {
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		p := all[name]
		if p.Pair != nil {
			half := all[p.Pair.Profile]
			switch {
			case half == nil:
				faults = append(faults, fmt.Sprintf("%s.yaml: pair-exists: there is no profile %q", name, p.Pair.Profile))
			case half.HalfOf != name:
				faults = append(faults, fmt.Sprintf("%s.yaml: pair-mutual: profile %q does not say half_of: %s", name, half.Name, name))
			case half.Kind != p.Kind:
				faults = append(faults, fmt.Sprintf("%s.yaml: pair-kind: the halves have different kinds", name))
			}
		}
		if p.HalfOf != "" && (all[p.HalfOf] == nil || all[p.HalfOf].Pair == nil) {
			faults = append(faults, fmt.Sprintf("%s.yaml: pair-mutual: profile %q has no pair", name, p.HalfOf))
		}
	}
	return faults
}
