package main

import (
	"fmt"
	"strings"
	"unicode"
)

// table is the texts of one language by key. Keys are English and stable.
type table map[string]string

// tables holds every language's texts; read only. A new group of commands may bring
// its own pair of tables; the test holds that no language misses a key.
var tables = map[string][]table{
	"en": {englishCommand, englishInspect, englishVerify, englishDemo,
		englishVerbs, englishFlags, englishAnswers, englishCeremony, englishApproval,
		englishCare, englishRescue, englishNode, englishGateway, englishReplace, englishTLS, englishStatus, englishHolderKey, englishPair, englishRA, englishRAWork, englishPolicy, englishSystem},
	"zh": {chineseCommand, chineseInspect, chineseVerify, chineseReasons, chineseLint, chineseDemo,
		chineseVerbs, chineseFlags, chineseAnswers, chineseRefusals, chineseRareRefusals, chineseImportRefusals, chineseCeremony, chineseApproval,
		chineseCare, chineseRescue, chineseNode, chineseGateway, chineseGatewayRefusals, chineseReplace, chineseTLS, chineseStatus, chineseHolderKey, chinesePair, chineseRA, chineseRAWork, chineseRARefusals, chineseBranchRefusals, chinesePolicy, chineseSystem},
}

// language picks the language: --lang, then the locale as POSIX orders it. It reads
// the arguments itself because help texts are needed before flags are parsed.
func language(args []string, env func(string) string) string {
	locale := ""
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if locale == "" {
			locale = env(name)
		}
	}
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, "--lang="); ok {
			locale = value
		} else if arg == "--lang" && i+1 < len(args) {
			locale = args[i+1]
		}
	}
	if strings.HasPrefix(strings.ToLower(locale), "zh") {
		return "zh"
	}
	return "en"
}

// languageFlag is --lang for the parser; language has already acted on it.
type languageFlag struct{ *console }

func (f languageFlag) String() string { return "" }
func (f languageFlag) Type() string   { return "en|zh" }

// Set refuses languages there are no texts for.
func (f languageFlag) Set(value string) error {
	if _, ok := tables[value]; !ok {
		return f.wrongUsage("usage.lang")
	}
	return nil
}

// hasFlag is for the one flag that decides how errors of parsing itself are told.
func hasFlag(args []string, flag string) bool {
	for _, arg := range args {
		if arg == "--" {
			return false
		}
		if arg == flag {
			return true
		}
	}
	return false
}

func (io *console) lookup(key string) (string, bool) {
	for _, t := range tables[io.lang] {
		if text, ok := t[key]; ok {
			return text, true
		}
	}
	return "", false
}

// text returns a text of the console's language with its arguments put in. A
// missing key shows itself; the test keeps that from happening.
func (io *console) text(key string, args ...any) string {
	text, ok := io.lookup(key)
	if !ok {
		return key
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// template puts the language's words into cobra's help.
func (io *console) template(text string) string {
	words := []string{}
	for _, word := range []string{"Usage:", "Aliases:", "Examples:", "Available Commands:", "Additional Commands:",
		"Flags:", "Global Flags:", "Additional help topics:"} {
		words = append(words, word, io.text("help."+word))
	}
	tail := `Use "{{.CommandPath}} [command] --help" for more information about a command.`
	words = append(words, tail, io.text("help.tail"))
	return strings.NewReplacer(words...).Replace(text)
}

// safe makes foreign text fit to print: control, direction and other invisible
// characters are shown as \u{…} instead of acting on the terminal.
func safe(text string) string {
	clean := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) < 0
	if clean {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u{%04x}`, r)
		}
	}
	return b.String()
}
