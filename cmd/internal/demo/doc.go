// Package demo starts the whole tree of OneCert in one process with throw-away
// keys, embedded storage and a cast of invented people, officers and devices, and
// walks the journeys against itself.
//
// It is a user of the components, put together by wire as in production; it has no
// way into them that a user has not, but for the first start.
package demo
