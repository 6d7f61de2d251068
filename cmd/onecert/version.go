package main

// version is set by the build (-ldflags "-X main.version=…") and never at run time.
var version = "development"
