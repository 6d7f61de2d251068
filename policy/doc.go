// Package policy decides who may reach what. It owns the Subject a login yields, the
// Rules a security administrator writes, and one pure decision that the gateway, the
// VPN and single sign-on all ask, so that they cannot differ.
//
// It does not authenticate anybody, judges no certificate (that is verify and status),
// opens no file and no connection, and keeps no state: the same Set and the same
// Request give the same Decision, at any time and in any number of goroutines.
//
// # Order
//
// There is one order: rules are judged as they are written, and the first that matches
// decides. After the last rule comes the default, which is to deny. Rules of one
// application are no section of their own, because then two orders would have to be
// kept in mind; what shall come first stands first.
//
// A rule matches when every condition in When holds and no entry of Except does. What
// the subject or the request does not have matches nothing: a condition on a
// certificate's name holds neither for somebody without a certificate nor for a
// certificate without that attribute. In Except, not knowing never helps: where there is
// nothing to judge an exception by (no certificate, no account), it takes the request out
// of a rule that allows, and does not take it out of one that denies. A certificate that
// is there and lacks the attribute is known to lack it, and is not excepted.
//
// A rule that allows may demand a level of authentication. Where everything else
// matches and the level is too low, that rule decides: denied, and Missing says which
// level would do, so that the front end can ask for a certificate or a password.
// Missing is also set where an earlier rule that allows could match after a better
// login. Whoever cannot be judged, because the request is malformed, is denied.
package policy
