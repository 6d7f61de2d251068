// Package onecert holds no code: it is the place of the rules of the house, which
// its tests keep for the whole tree (who may import whom, what every package says
// of itself, what no file contains) and which compare the pages in docs with the
// code they speak of.
package onecert
