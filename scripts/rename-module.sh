#!/usr/bin/env bash
# Moves the project to another module path: scripts/rename-module.sh example.com/you/hikeshi
#
# It changes go.mod, tools/go.mod, and the path wherever a file imports or names one of the project's packages. The
# program's own name stays.
set -euo pipefail
cd "$(dirname "$0")/.."
new=${1:?where to, such as example.com/you/hikeshi}
[[ $new =~ ^[a-z0-9][a-z0-9.-]*(/[A-Za-z0-9][A-Za-z0-9._~-]*)*$ ]] || { echo "rename-module: $new is no module path such as example.com/you/hikeshi"; exit 2; }
old=$(sed -n 's/^module //p' go.mod)
[ "$old" != "$new" ] || { echo "rename-module: the module is $new already"; exit 0; }

from=${old//./\\.}
# A path begins after anything that cannot be a part of it, and one of our packages follows.
# Twice: two names may share the character between them.
rule="s#(^|[^A-Za-z0-9_./-])$from/(bitbank|cmd|internal)([^A-Za-z0-9_-]|\$)#\\1$new/\\2\\3#g"
layout="s#CutPrefix\\(path, \"$from/\"\\)#CutPrefix(path, \"$new/\")#"

changed=0
while IFS= read -r -d '' file; do
	sed -E "$rule;$rule;$layout" "$file" >"$file.renamed"
	if cmp -s "$file" "$file.renamed"; then
		rm "$file.renamed"
		continue
	fi
	cat "$file.renamed" >"$file" # keeps the file's mode
	rm "$file.renamed"
	case $file in *.go) gofmt -w "$file" ;; esac # the imports' order can change
	changed=$((changed + 1))
done < <(find . \( -name .git -o -name node_modules -o -path ./out -o -path ./bin \) -prune -o -type f \
	\( -name '*.go' -o -name '*.md' -o -name '*.sh' -o -name '*.txtar' -o -name '*.yaml' -o -name '*.yml' \) -print0)
[ "$changed" -gt 0 ] || { echo "rename-module: no file names $old: that is a fault of this script"; exit 1; }

go mod edit -module "$new"
go mod edit -module "$new/tools" tools/go.mod
echo "rename-module: $changed files now name $new instead of $old; run make test, then commit"
