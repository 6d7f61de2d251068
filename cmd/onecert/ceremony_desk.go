package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"onecert/ceremony"
	"onecert/pki"
	"onecert/shares"
)

// The people of a ceremony at a terminal: confirmer shows and asks, shareDesk gives
// and takes shares on the screen, folderDesk on sticks. What is asked goes to standard
// error, so that the answer of the command stays alone.

func noTerminal() error {
	return pki.Errorf(pki.Invalid, "ceremony.terminal", "a ceremony needs people at a terminal").
		To("run it on the machine itself, or rehearse it with --rehearse")
}

// confirmer implements the first third of ceremony.Attendants.
type confirmer struct {
	*console
	plan *ceremony.Plan
}

// shownDigits is how much of a hash one has to type instead of yes.
const shownDigits = 8

// Confirm shows what is about to be signed. Only "yes" or the beginning of the hash
// agrees; anything else ends the ceremony.
func (c confirmer) Confirm(_ context.Context, o ceremony.Object) error {
	text, err := c.show(o)
	if err != nil {
		return err
	}
	fmt.Fprint(c.console.err, text)
	typed, err := c.askOpenly(c.text("ceremony.confirm", o.SHA256()[:shownDigits]))
	if err != nil {
		return err
	}
	typed = strings.ToLower(strings.TrimSpace(typed))
	if typed == "yes" || len(typed) >= shownDigits && strings.HasPrefix(o.SHA256(), typed) {
		return nil
	}
	return pki.Errorf(pki.Forbidden, "ceremony.refused", "%s was not agreed to", o.Name).To("mend the file, have it reviewed, and begin again")
}

func (c confirmer) show(o ceremony.Object) (string, error) {
	p := &printer{console: c.console}
	p.line(0, "")
	p.line(0, "%s", p.text("ceremony.show."+string(o.Kind), o.Name))
	if o.Kind == "plan" {
		p.plan(c.plan, string(o.TBS))
	} else {
		facts, err := inspectObject(object{kind: kind(o.Kind), der: o.Draft(), source: o.Name}, true)
		if err != nil {
			return "", err
		}
		facts.Signature, facts.Fingerprints, facts.Possession = "", nil, nil // nobody has signed it yet
		printInspected(p, facts)
		for _, f := range o.Findings {
			p.line(1, "%s %s: %s", p.text("severity."+string(f.Severity)), f.Rule, f.Detail)
		}
	}
	p.line(0, "SHA-256: %s", o.SHA256())
	return p.buffer.String(), nil
}

// plan shows who is there and the whole file: it is what was reviewed.
func (p *printer) plan(plan *ceremony.Plan, text string) {
	for line := range strings.Lines(text) {
		p.line(1, "%s", safe(strings.TrimRight(line, "\r\n")))
	}
	p.labelled(0, "transcript.role.operator", plan.Operator)
	p.labelled(0, "transcript.role.custodian", strings.Join(plan.Custodians, ", "))
	p.labelled(0, "transcript.role.witness", strings.Join(plan.Witnesses, ", "))
}

// askOpenly reads a line with echo, octet by octet: what is typed ahead belongs to the
// next question.
func (c *console) askOpenly(prompt string) (string, error) {
	file, ok := c.terminal()
	if !ok {
		return "", noTerminal()
	}
	fmt.Fprint(c.err, prompt+" ")
	type answer struct {
		line string
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		line, err := readOneLine(file)
		done <- answer{line, err}
	}()
	select {
	case a := <-done:
		return a.line, a.err
	case <-c.ended:
		return "", pki.Errorf(pki.Unavailable, "ceremony.interrupted", "the ceremony was interrupted").To("begin again").Because(context.Canceled)
	}
}

func readOneLine(file io.Reader) (string, error) {
	var line []byte
	one := make([]byte, 1)
	for len(line) < maxSecret {
		if _, err := file.Read(one); err != nil {
			return "", noTerminal()
		}
		if one[0] == '\n' {
			return string(line), nil
		}
		line = append(line, one[0])
	}
	return "", noTerminal()
}

// shareDesk gives and takes shares on the screen.
type shareDesk struct{ *console }

// clearScreen also clears what scrolled away.
const clearScreen = "\x1b[2J\x1b[3J\x1b[H"

// HandOut shows a custodian his share, alone, and has it typed back.
func (d shareDesk) HandOut(_ context.Context, custodian string, share shares.Share) (shares.Share, error) {
	for {
		if _, err := d.askOpenly(d.text("ceremony.share.come", custodian, share.Index, share.Total)); err != nil {
			return shares.Share{}, err
		}
		fmt.Fprintf(d.console.err, "%s%s\n\n%s\n", clearScreen, d.text("ceremony.share.write", share.Set, share.Index, share.Total, share.Threshold), share.Words())
		_, err := d.askOpenly(d.text("ceremony.share.written"))
		fmt.Fprint(d.console.err, clearScreen)
		if err != nil {
			return shares.Share{}, err
		}
		back, err := d.typeShare(d.text("ceremony.share.back", custodian))
		if err != nil {
			return shares.Share{}, err
		}
		if back.Words() == share.Words() {
			return back, nil
		}
		back.Wipe()
		fmt.Fprintln(d.console.err, d.text("ceremony.share.other"))
	}
}

// HandIn takes one share of a set.
func (d shareDesk) HandIn(_ context.Context, ask ceremony.Ask) (shares.Share, error) {
	if ask.Trouble != nil {
		wrong, remedy := d.translate(ask.Trouble)
		fmt.Fprintf(d.console.err, "%s; %s\n", wrong, remedy)
	}
	fmt.Fprintln(d.console.err, d.text("ceremony.share.ask", ask.Custody.Set, ask.Authority, len(ask.Have)+1, ask.Custody.Threshold))
	for i, name := range ask.Custody.Custodians {
		fmt.Fprintf(d.console.err, "    %2d  %s\n", i+1, safe(name))
	}
	return d.typeShare(d.text("ceremony.share.in"))
}

// lastLine is how many lines a share has at most.
const lastLine = 6

// typeShare reads a share line by line without echo. A mistyped one is asked for
// again, an empty line gives up.
func (c *console) typeShare(prompt string) (shares.Share, error) {
	for {
		fmt.Fprintln(c.err, prompt)
		share, err := c.typeLines()
		if err == nil || pki.CodeOf(err) == "ask.terminal" || pki.CodeOf(err) == "ceremony.gave-up" {
			return share, err
		}
		wrong, remedy := c.translate(err)
		fmt.Fprintf(c.err, "%s; %s\n", wrong, remedy)
	}
}

func (c *console) typeLines() (share shares.Share, err error) {
	var text []byte
	defer func() { clear(text) }()
	for n := 1; n <= lastLine; n++ {
		line, err := c.ask(c.text("ceremony.share.line", n))
		if err != nil {
			return shares.Share{}, err
		}
		if len(line) == 0 && n == 1 {
			return shares.Share{}, pki.Errorf(pki.Forbidden, "ceremony.gave-up", "no share was given").To("begin again with the custodians that are needed")
		}
		text = append(append(text, line...), '\n')
		clear(line)
		if len(line) == 0 {
			break
		}
		if share, err = shares.Parse(string(text)); err == nil || pki.CodeOf(err) == "share.damaged" {
			return share, err
		}
	}
	return shares.Parse(string(text))
}
