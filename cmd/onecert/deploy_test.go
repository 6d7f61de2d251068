package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const deployed = "../../deploy"

// setting is one line of a unit.
type setting struct{ section, key, value string }

// unit reads a systemd unit and refuses what is none: systemd itself passes over what
// it does not know.
func unit(t *testing.T, name string) (all []setting) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(deployed, name))
	if err != nil {
		t.Fatal(err)
	}
	section := ""
	for n, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			section = strings.Trim(line, "[]")
			if !slices.Contains([]string{"Unit", "Service", "Timer", "Install"}, section) {
				t.Errorf("%s:%d: section %s", name, n+1, section)
			}
		default:
			key, value, ok := strings.Cut(line, "=")
			if !ok || section == "" || !regexp.MustCompile(`^[A-Z][A-Za-z]+$`).MatchString(key) {
				t.Errorf("%s:%d: %q is no setting", name, n+1, line)
			}
			all = append(all, setting{section, key, value})
		}
	}
	return all
}

func valuesOf(all []setting, key string) (values []string) {
	for _, s := range all {
		if s.key == key {
			values = append(values, s.value)
		}
	}
	return values
}

// sandbox is what a process with CA keys in its memory may not do.
func sandbox() map[string]string {
	return map[string]string{
		"NoNewPrivileges": "yes", "CapabilityBoundingSet": "", "AmbientCapabilities": "", "ProtectSystem": "strict", "ProtectHome": "yes",
		"PrivateDevices": "yes", "PrivateTmp": "yes", "PrivateUsers": "yes", "ProtectClock": "yes", "ProtectHostname": "yes", "ProtectProc": "invisible",
		"ProtectKernelLogs": "yes", "ProtectKernelModules": "yes", "ProtectKernelTunables": "yes", "ProtectControlGroups": "yes",
		"RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX", "RestrictNamespaces": "yes", "RestrictRealtime": "yes", "RestrictSUIDSGID": "yes",
		"LockPersonality": "yes", "MemoryDenyWriteExecute": "yes", "RemoveIPC": "yes", "SystemCallArchitectures": "native",
		"LimitCORE": "0", "UMask": "0077", "KeyringMode": "private",
	}
}

// withLowPorts is what a gateway may do beyond: listen on ports below 1024, and so have
// no users of its own, who could not.
func withLowPorts(key, want string) string {
	switch key {
	case "CapabilityBoundingSet", "AmbientCapabilities":
		return "CAP_NET_BIND_SERVICE"
	case "PrivateUsers":
		return ""
	}
	return want
}

// TestUnits: the units have the whole sandbox and start commands there are.
func TestUnits(t *testing.T) {
	services, err := filepath.Glob(filepath.Join(deployed, "*.service"))
	if err != nil || len(services) != 7 {
		t.Fatalf("%v %v", services, err)
	}
	for _, path := range services {
		name := filepath.Base(path)
		all := unit(t, name)
		for key, want := range sandbox() {
			if name == "onecert-gateway.service" {
				want = withLowPorts(key, want)
			}
			if key == "PrivateUsers" && want == "" && len(valuesOf(all, key)) == 0 {
				continue
			}
			if got := valuesOf(all, key); len(got) != 1 || got[0] != want {
				t.Errorf("%s: %s is %q, not %q", name, key, got, want)
			}
		}
		if got := valuesOf(all, "SystemCallFilter"); !slices.Equal(got, []string{"@system-service", "~@privileged @obsolete"}) {
			t.Errorf("%s: system calls %q", name, got)
		}
		for _, user := range valuesOf(all, "User") {
			if user == "root" || !strings.HasPrefix(user, "onecert-") {
				t.Errorf("%s: runs as %s", name, user)
			}
		}
		for _, dir := range strings.Fields(strings.Join(valuesOf(all, "ReadWritePaths"), " ")) {
			if !strings.HasPrefix(dir, "/var/lib/onecert/") && !strings.HasPrefix(dir, "/var/backups/onecert/") {
				t.Errorf("%s: writes into %s", name, dir)
			}
		}
		starts := valuesOf(all, "ExecStart")
		if len(starts) != 1 || len(valuesOf(all, "User")) != 1 {
			t.Fatalf("%s: starts %q", name, starts)
		}
		for _, component := range []string{"ca", "kmc"} {
			line := strings.ReplaceAll(strings.Replace(starts[0], "/usr/local/bin/", "", 1), "%i", component)
			found, _, err := tree("en").Find(strings.Fields(line)[1:])
			if err != nil || found.HasSubCommands() {
				t.Errorf("%s: %q is no command", name, line)
				continue
			}
			example(t, "en", found, line)
		}
		if kind := valuesOf(all, "Type")[0]; kind == "notify" != strings.Contains(starts[0], " serve ") || kind == "notify" && len(valuesOf(all, "WatchdogSec")) != 1 {
			t.Errorf("%s: Type=%s", name, kind)
		}
	}
	timer := unit(t, "onecert-backup@.timer")
	if got := valuesOf(timer, "Unit"); !slices.Equal(got, []string{"onecert-backup@%i.service"}) || len(valuesOf(timer, "OnCalendar")) != 1 {
		t.Errorf("%+v", timer)
	}
}

// TestUnitsInSystemdsEyes lets systemd judge them, where it is.
func TestUnitsInSystemdsEyes(t *testing.T) {
	analyse, err := exec.LookPath("systemd-analyze")
	if err != nil {
		return // TestUnits has judged them
	}
	dir := t.TempDir()
	var names []string
	for _, pattern := range []string{"*.service", "*.timer"} {
		files, err := filepath.Glob(filepath.Join(deployed, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			name := filepath.Join(dir, strings.Replace(filepath.Base(file), "@.", "@kmc.", 1))
			put(t, name, strings.ReplaceAll(string(text), "/usr/local/bin/onecert", "/bin/true"))
			names = append(names, name)
		}
	}
	put(t, filepath.Join(dir, "onecert-backup@ca.service"), "[Service]\nType=oneshot\nExecStart=/bin/true\n")
	out, err := exec.CommandContext(t.Context(), analyse, append([]string{"verify", "--man=no", "--recursive-errors=no"}, names...)...).CombinedOutput()
	if err != nil || strings.Contains(string(out), "Unknown") || strings.Contains(string(out), "Failed to parse") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestContainerfile: pages, program, image; no root, no shell between signals and
// program, a base with glibc, and a command there is.
func TestContainerfile(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(deployed, "Containerfile"))
	if err != nil {
		t.Fatal(err)
	}
	known := []string{"FROM", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT", "CMD"}
	last := map[string]string{}
	stages := 0
	for n, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		if !slices.Contains(known, word) {
			t.Errorf("line %d: %s is no instruction this image needs", n+1, word)
		}
		if word == "FROM" {
			stages++
			clear(last)
			if regexp.MustCompile(`alpine|scratch|:latest|^[^: ]+( |$)`).MatchString(rest) {
				t.Errorf("line %d: a base without glibc, or of no fixed version: %s", n+1, rest)
			}
		}
		last[word] = rest
	}
	if user := last["USER"]; stages != 3 || !regexp.MustCompile(`^[1-9]\d{3,}:[1-9]\d{3,}$`).MatchString(user) {
		t.Errorf("%d stages, runs as %q", stages, user)
	}
	if last["VOLUME"] != "/data" {
		t.Errorf("data lies in %s", last["VOLUME"])
	}
	var entry, command []string
	if err := json.Unmarshal([]byte(last["ENTRYPOINT"]), &entry); err != nil || len(entry) != 1 {
		t.Errorf("ENTRYPOINT %s: %v", last["ENTRYPOINT"], err)
	}
	if err := json.Unmarshal([]byte(last["CMD"]), &command); err != nil {
		t.Errorf("CMD %s: %v", last["CMD"], err)
	}
	line := "onecert " + strings.Join(command, " ")
	found, _, err := tree("en").Find(command)
	if err != nil || found.HasSubCommands() {
		t.Fatalf("%q is no command", line)
	}
	example(t, "en", found, line)
}
