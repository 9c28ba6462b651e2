# shellcheck shell=sh
# Saying what happens, and doing it or, in a dry run, not.

tell() { printf '%-5s %s\n' "$1" "$2"; }
fail() {
    echo "mien install: $1" >&2
    exit 1
}

# do_it WORDS COMMAND...: carry it out and say so; in a dry run only say so
do_it() {
    doing=$1
    shift
    if [ -n "$dry" ]; then
        tell todo "$doing"
    else
        "$@"
        tell "done" "$doing"
    fi
    doing=
}

# note_change: the services must be told. Kept until they are, so that a run that was cut off is made good by the next one; a
# boot tells them too.
note_change() {
    changed=yes
    [ -n "$dry" ] || touch $UNFINISHED
}

at_exit() {
    code=$?
    [ -z "$silent" ] || stty echo
    [ "$code" = 0 ] || [ -z "$doing" ] ||
        echo "mien install: stopped at: $doing. Mend what is said above and run it again: it goes on from here" >&2
}

# quietly COMMAND...: what it prints is shown only if it fails
quietly() {
    if ! words=$("$@" 2>&1); then
        echo "$words" >&2
        return 1
    fi
}

# put SOURCE TARGET: the same content at the target, whole or not at all
put() {
    if cmp -s "$1" "$2"; then
        tell kept "$2"
    else
        note_change
        do_it "$2" put_whole "$1" "$2"
    fi
}
put_whole() {
    mkdir -p "$(dirname "$2")"
    install -m 644 "$1" "$2.new"
    mv -T "$2.new" "$2"
}
