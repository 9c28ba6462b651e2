# shellcheck shell=sh
# Packages, users, folders, configuration and the files that systemd and udev read.

installed() { dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | grep -q '^ii'; }
# Without its cache, which it would write also in a dry run
offered() { apt-cache -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= policy "$1" 2>/dev/null | grep -q 'Candidate: [^(]'; }

install_packages() {
    # A new system knows no packages yet, and would seem to offer none.
    if ! ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1; then do_it "apt's lists" quietly apt-get update -qq; fi
    wanted=
    $PYTHON -c 'import ensurepip, venv' 2>/dev/null || wanted="python3-venv"
    # pygame's aarch64 wheel leaves this one to the system
    /sbin/ldconfig -p | grep -q libgthread-2.0.so.0 || wanted="$wanted libglib2.0-0"
    if [ -n "$kiosk" ]; then
        for package in cage chromium curl libpam-systemd; do
            installed $package || wanted="$wanted $package"
        done
    fi
    if ! installed python3-picamera2 && offered python3-picamera2; then wanted="$wanted python3-picamera2"; fi
    if [ -n "$wanted" ]; then
        # shellcheck disable=SC2086 # words are meant to split
        do_it "packages:$(printf ' %s' $wanted)" apt_install $wanted
    else
        tell kept "packages"
    fi
    installed python3-picamera2 || offered python3-picamera2 ||
        tell note "apt offers no python3-picamera2 here: webcams and network cameras work, the Pi's camera does not"
}
apt_install() {
    export DEBIAN_FRONTEND=noninteractive
    quietly dpkg --configure -a # where the power went in the middle
    quietly apt-get update -qq
    # A new system updates itself just when it is set up.
    quietly apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
}

# add_user NAME HOME GROUP...: a system user in those of the groups that exist
add_user() {
    name=$1 home=$2
    shift 2
    missing=
    for group in "$@"; do
        if getent group "$group" >/dev/null && ! id -nG "$name" 2>/dev/null | grep -qw "$group"; then
            missing="$missing,$group"
        fi
    done
    if ! id "$name" >/dev/null 2>&1; then
        do_it "user $name, in ${missing#,}" useradd --system --user-group --no-create-home --home-dir "$home" \
            --shell /usr/sbin/nologin --groups "${missing#,}" "$name"
    elif [ -n "$missing" ]; then
        do_it "user $name, in ${missing#,} too" usermod --append --groups "${missing#,}" "$name"
        note_change
    else
        tell kept "user $name"
    fi
}

make_folders() {
    for mood in $MOODS; do
        [ -d "$MUSIC/$mood" ] || missing_moods=yes
    done
    if [ -n "${missing_moods:-}" ]; then
        do_it "$MUSIC, with a folder for each mood, for your songs" make_music_folders
    else
        tell kept "$MUSIC"
    fi
    if [ -e $CONF/mien.toml ]; then
        tell kept "$CONF/mien.toml (it is yours)"
    else
        # Readable for mien alone: the address of a network camera may hold its password.
        do_it "$CONF/mien.toml, with every setting explained" make_config
    fi
}
make_music_folders() {
    for mood in $MOODS; do
        # Whoever types sudo may put songs there without it.
        [ -d "$MUSIC/$mood" ] || install -d -o "${SUDO_USER:-root}" "$MUSIC/$mood"
    done
}
make_config() {
    mkdir -p $CONF
    install -m 640 -g mien "$here/mien.toml.example" $CONF/mien.toml.new
    mv -T $CONF/mien.toml.new $CONF/mien.toml
}

# put_tree PROFILE: all files of systemd/PROFILE to where their paths say
put_tree() {
    for file in $(cd "$here/$1" && find . -type f | LC_ALL=C sort); do
        put "$here/$1/${file#./}" "/${file#./}"
    done
}

install_units() {
    put_tree base
    if [ -n "$kiosk$car" ]; then
        put_tree appliance
        if [ -e /dev/disk/by-label/mien-state ] || [ -e $UNITS/var-lib-mien.mount ]; then put_tree read-only-root; fi
    fi
    if [ -n "$kiosk" ]; then put_tree kiosk; fi
    if [ -n "$car" ]; then put_tree car; fi
}
