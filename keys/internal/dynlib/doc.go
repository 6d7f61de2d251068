// Package dynlib loads a C library into this process and calls its functions,
// without cgo: the one place that knows how. It owns the path's checks and the
// answer on platforms where there is no such way.
//
// A program that contains it needs the platform's C library when it starts. Built with
// the tag nodevices it does not, and has no devices.
//
// It does not know what a library is for, and never unloads one: the libraries of
// device makers leave threads and exit handlers behind.
package dynlib
