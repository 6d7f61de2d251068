// Package ceremony makes CAs where it matters: roots and issuing CAs from one
// reviewed file, in front of witnesses, with the root's key split among custodians
// and off line between ceremonies.
//
// It owns the file and its rules, the acts (root, issuing CA, list of a root,
// roll-over, retirement, an outside root's certificate), what is shown and confirmed
// before anything is signed, the state of off-line roots between ceremonies, and the
// signed transcript with its verification.
//
// It does not issue to anybody but CAs (that is ca), keeps no database, talks to no
// network, and draws nothing on a screen: the people are behind an interface that the
// command line implements. Shares are those of package shares, keys those of package keys.
package ceremony
