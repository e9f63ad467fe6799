#!/bin/sh
# Make the vendored files anew from the versions in package.json (needs Node and the network).
# The same versions give the same bytes: `git status` shows nothing afterwards.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp "$here/package.json" "$here"/entries/*.js "$folder"
cd "$folder"
npm install --silent --no-audit --no-fund

bundle() {
    npx esbuild "$1" --bundle --minify --format=esm --target=es2022 --legal-comments=none --outfile="$here/$1"
}
bundle preact.js
bundle uplot.js
bundle codemirror.js
cp node_modules/uplot/dist/uPlot.min.css "$here/uplot.css"

rm -rf "$here/licences"
mkdir "$here/licences"
for name in $(node -p "Object.keys(require('./package.json').dependencies).join(' ')"); do
    cp "node_modules/$name/LICENSE" "$here/licences/$(echo "$name" | tr -d @ | tr / -).txt"
done
cd "$here"
sha256sum ./*.js ./*.css >SHA256SUMS
