// Command onecert is the one binary: every component and every tool is a
// sub-command of it. This package owns the command line: words, flags, exit codes,
// the two languages of what a person reads, and the wiring of rooms. It holds no
// rule of any room; whatever a verb decides is decided in the room it calls.
package main
