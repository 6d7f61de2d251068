// Package fault breaks what runs and looks whether everything that was promised
// holds: processes killed at random instants under load, a PostgreSQL killed under
// them, disks that fail or are slow, a key management centre or a device that is
// gone, two processes on one database.
//
// It owns the campaigns, their children (this test program started again as a CA or
// a KMC of its own) and the account of what clients were told. What must always be
// true of a database is for ca and kmc to say: their CheckInvariants ends each round.
// It owns no code of the product and is imported by nobody.
package fault
