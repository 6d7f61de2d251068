package audit

import "io/fs"

// Migrations returns the room's tables, for bringing back a backup of them.
func Migrations() fs.FS { return migrations }
