# shellcheck shell=sh
# The broker's password as a credential, and the services.

keep_password() {
    if [ -n "$ask_password" ]; then
        [ -n "$dry" ] || read_password
        note_change
        do_it "the broker's password as a systemd credential" store_password
    elif [ ! -e $PASSWORD_DROP_IN ] && { [ -f $CONF/mqtt_password.cred ] || [ -f $CONF/mqtt_password ]; }; then
        note_change
        do_it "the broker's password of an earlier installation" use_password
    fi
}
read_password() {
    if [ -t 0 ]; then
        printf 'Password of the broker: ' >&2
        silent=yes
        stty -echo
    fi
    IFS= read -r password || true
    if [ -n "$silent" ]; then
        stty echo
        silent=
        echo >&2
    fi
    [ -n "$password" ] || fail "--mqtt-password: no password was given"
}
store_password() {
    mkdir -p $CONF
    (
        umask 077
        # With the key of this machine where systemd can, so that a copy of /etc does not tell it.
        if printf %s "$password" | systemd-creds encrypt --name=mqtt_password - $CONF/mqtt_password.cred.new 2>/dev/null; then
            mv -T $CONF/mqtt_password.cred.new $CONF/mqtt_password.cred
            rm -f $CONF/mqtt_password
        else
            printf %s "$password" >$CONF/mqtt_password.new
            mv -T $CONF/mqtt_password.new $CONF/mqtt_password
            rm -f $CONF/mqtt_password.cred*
        fi
    )
    use_password
}
use_password() {
    if [ -f $CONF/mqtt_password.cred ]; then
        line="LoadCredentialEncrypted=mqtt_password:$CONF/mqtt_password.cred"
    else
        line="LoadCredential=mqtt_password:$CONF/mqtt_password"
    fi
    mkdir -p "$(dirname $PASSWORD_DROP_IN)"
    printf '[Service]\n%s\n' "$line" >$PASSWORD_DROP_IN.new
    mv -T $PASSWORD_DROP_IN.new $PASSWORD_DROP_IN
}

# A password that was encrypted on another card would keep mien from starting at all.
require_password() {
    if [ -f $CONF/mqtt_password.cred ] && [ -z "$ask_password$dry" ]; then
        systemd-creds decrypt --name=mqtt_password $CONF/mqtt_password.cred - >/dev/null 2>&1 ||
            fail "$CONF/mqtt_password.cred was written on another machine; give the password again: --mqtt-password"
    fi
}

start_services() {
    if [ -n "$changed" ]; then do_it "systemd and udev read their files anew" reload_managers; fi
    for unit in mien.service mien-library.service; do
        start_at_boot $unit
        if [ -z "$changed" ] && systemctl is-active --quiet $unit; then
            tell kept "$unit, running"
        else
            do_it "$unit, running" restart $unit
        fi
    done
    if [ -n "$kiosk" ]; then
        start_at_boot mien-kiosk.service
        # It waits for its page, so nobody can wait for it.
        do_it "mien-kiosk.service, asked to run" systemctl ${changed:+re}start --no-block mien-kiosk.service
    fi
    [ -n "$dry" ] || rm -f $UNFINISHED
    remove_old_programs
}
start_at_boot() {
    if systemctl is-enabled --quiet "$1" 2>/dev/null; then
        tell kept "$1, started at boot"
    else
        do_it "$1, started at boot" systemctl enable --quiet "$1"
    fi
}
remove_old_programs() {
    for old in "$OPT"/venv-*; do
        if [ -d "$old" ] && [ "${old##*/}" != "$(readlink $OPT/venv || true)" ]; then
            do_it "$old, no longer used, is removed" rm -rf "$old"
        fi
    done
}
reload_managers() {
    systemctl daemon-reload
    # Where udev runs; in a container it does not.
    if [ -S /run/udev/control ]; then
        udevadm control --reload
        udevadm trigger --subsystem-match=usb --subsystem-match=apex
    fi
}
restart() {
    systemctl reset-failed "$1"
    systemctl restart "$1" || {
        echo "$1 does not start; the reason: journalctl -u $1 -n 20" >&2
        return 1
    }
}
