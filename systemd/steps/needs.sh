# shellcheck shell=sh
# What must be there before anything is changed, each with the line that says how to mend it.

require_system() {
    [ -d /run/systemd/system ] || fail "this system was not started by systemd; run it on the device itself"
    command -v apt-get >/dev/null || fail "there is no apt here; mien installs on Raspberry Pi OS and Debian"
    case $(dpkg --print-architecture) in
        arm64 | amd64) ;;
        *) fail "this system is $(dpkg --print-architecture), and mien needs one of 64 bit: install Raspberry Pi OS (64-bit)" ;;
    esac
    if grep -qE '(^| )(boot=overlay|overlayroot=)' /proc/cmdline; then
        fail "the root is read-only and all changes would be lost; first: sudo raspi-config nonint disable_overlayfs, and reboot"
    fi
    [ -x $PYTHON ] || fail "$PYTHON is missing: apt-get install python3"
    $PYTHON -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' ||
        fail "mien needs Python 3.11 to 3.13, and $PYTHON is $($PYTHON --version); Debian bookworm and trixie have it"
}

# Where the program comes from: a wheel, the checkout around this script, or nothing where only the copy in /opt/mien is left.
find_source() {
    if [ -n "$source" ]; then
        [ -f "$source" ] || fail "--from $source: there is no such file"
        case $source in *.whl) ;; *) fail "--from $source: not a wheel (its name must end in .whl)" ;; esac
        source=$(realpath "$source")
    elif [ -f "$here/../pyproject.toml" ]; then
        source=$(realpath "$here/..")
    elif [ ! -x $OPT/venv/bin/mien ]; then
        fail "nothing to install beside $here: run it from a checkout of mien, or name a wheel with --from"
    fi
}

require_space() {
    free_mb=$(df -Pm /opt 2>/dev/null | awk 'NR == 2 { print $4 }')
    [ "${free_mb:-$SPACE_MB}" -ge $SPACE_MB ] || fail "/opt has $free_mb MB left, and the program needs $SPACE_MB: make room"
}
