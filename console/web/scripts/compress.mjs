// Packs what the console serves, once, at build time.
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'

const packed = /\.(js|css|svg)$/

function walk(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) walk(path)
    else if (packed.test(name)) {
      writeFileSync(path + '.gz', gzipSync(readFileSync(path), { level: 9 }))
      writeFileSync(path + '.br', brotliCompressSync(readFileSync(path))) // at its best by default
    }
  }
}

walk('dist')
// The folder is there in every checkout, for the compiler that embeds it; what is in it
// is made here.
writeFileSync('dist/.gitignore', '*\n!.gitignore\n')
