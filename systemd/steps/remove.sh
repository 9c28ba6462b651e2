# shellcheck shell=sh
# Taking it off again.

uninstall() {
    for unit in mien-kiosk.service mien-parked.timer mien-library.service mien.service; do
        if [ -e $UNITS/$unit ]; then do_it "$unit stopped" stop_unit $unit; fi
    done
    for tree in base appliance kiosk car; do remove_tree $tree; done
    remove $PASSWORD_DROP_IN
    remove $COMMAND
    if cmp -s "$OPT/systemd/mien.toml.example" $CONF/mien.toml; then remove $CONF/mien.toml; fi
    if [ -n "$purge" ]; then
        remove_contents $STATE
        remove_contents $MUSIC
        remove $CONF
    fi
    if [ -e $UNITS/var-lib-mien.mount ]; then
        do_it "var-lib-mien.mount stopped" systemctl stop var-lib-mien.mount
        remove_tree read-only-root
    fi
    remove /var/cache/mien
    for name in mien mien-kiosk; do
        if id $name >/dev/null 2>&1; then do_it "user $name is removed" remove_user $name; fi
    done
    # Only what is empty goes; where something of yours lies, the folder stays.
    for mood in $MOODS; do remove_empty "$MUSIC/$mood"; done
    for folder in $MUSIC ${MUSIC%/*} $CONF $STATE $UNITS/mien.service.d; do remove_empty "$folder"; done
    remove $OPT
    do_it "systemd and udev read their files anew" reload_managers
    [ -z "$dry" ] || return 0
    for left in $STATE $CONF $MUSIC $UNITS/mien.service.d; do
        [ ! -e "$left" ] || tell kept "$left"
    done
    tell kept "packages that apt installed"
}
stop_unit() {
    systemctl disable --quiet --now "$1" 2>/dev/null || systemctl stop "$1"
    systemctl reset-failed "$1" 2>/dev/null || true
}
remove_tree() {
    for file in $(cd "$here/$1" && find . -type f | LC_ALL=C sort); do
        remove "/${file#./}"
        case $file in *.conf) remove_empty "$(dirname "/${file#./}")" ;; esac
    done
}
remove_user() {
    loginctl terminate-user "$1" 2>/dev/null || true
    userdel "$1"
}
remove() {
    if [ -e "$1" ] || [ -L "$1" ]; then do_it "$1 is removed" rm -rf --one-file-system "$1"; fi
}
# remove_contents FOLDER: all in it; a drive that is mounted below it is not mien's and stays
remove_contents() {
    if [ -d "$1" ]; then do_it "all in $1 is removed" find "$1/" -xdev -mindepth 1 -delete; fi
}
remove_empty() {
    if [ -z "$dry" ] && [ -d "$1" ]; then rmdir --ignore-fail-on-non-empty "$1"; fi
}
