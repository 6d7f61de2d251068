// Package pages owns what the gateway shows people when it does not let them through, and
// what it shows programs instead: each answer says what happened, what to do, whom to call,
// and the request's id, in Chinese and English, with the service's own branding; or sends
// the person to the administrator's page with the code.
//
// The pages need no script and nothing from elsewhere. The package decides nothing: the door
// gives it the code and the facts, and it takes no word of the request into a page but the
// address in the other language.
package pages
