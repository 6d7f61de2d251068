#!/bin/sh
# Builds the console's pages into console/web/dist, where the program embeds them; does
# nothing when they are newer than everything they are made of.
set -eu
cd "$(dirname "$0")/../console/web"

command -v npm >/dev/null || {
	echo "pages: npm is missing; install Node.js 20 or later with npm" >&2
	exit 1
}
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
	if [ -L node_modules ]; then # npm would empty the folder it leads to, which is somebody else's
		echo "pages: console/web/node_modules is a link to an older one; remove the link, or bring up to date where it leads" >&2
		exit 1
	fi
	echo "pages: fetching what they are made of (npm ci)"
	npm ci --no-audit --no-fund --loglevel=error
fi
newest=$(find src scripts public ./*.html ./*.ts package-lock.json ../../api/*.json -path src/client -prune -o -type f -newer dist/index.html -print 2>/dev/null | head -n 1 || true)
if [ -e dist/index.html ] && [ -z "$newest" ]; then
	exit 0
fi
echo "pages: building"
npm run --silent build
