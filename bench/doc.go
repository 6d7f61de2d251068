// Command bench measures what the platform costs and prints tables, each figure
// beside the floor it is held against, measured in the same run: the bare
// cryptography in a loop, an append with fsync.
//
// It owns the measuring: the load, the clocks, the throw-away CA and KMC it puts
// together in a process of its own, as 'onecert demo' does with its own parts. It
// judges nothing and fails only if something does not work: a timed test would
// fail on a busy machine. Figures of two runs are not comparable, ratios within
// one are.
//
//	go run ./bench              about ten minutes
//	go run ./bench -quick       a minute or two, rougher
//	go run ./bench -only dual,crl
//	go run ./bench -only backup -certificates 1000000
//	go run ./bench -only scale -engine postgres -certificates 10000000     (docs/scale.md)
//	go run ./bench -only registration -engine postgres -certificates 5000000     (a fifth as many applications)
package main
