// Package console is the front door for people who work with a browser: one origin
// under which the APIs of this process are reached, the pages themselves (web, embedded)
// and the session of whoever is logged in.
//
// It owns sessions and the rules of the door: no session, no certificate; a session
// holds for the certificate it was opened with, ends when unused, and can be ended by
// who governs. It does not own rights: every call goes to its API with the connection's
// own certificate, and the API judges it as it judges the command line's. So a console
// can do nothing in anybody's name, and is a console for what runs in its process; the
// consoles of other processes are links.
//
// The holders' self-service is a second Console on a listener and with a cookie of its
// own (design.md decision 16).
package console
