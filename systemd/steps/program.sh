# shellcheck shell=sh
# The program: built and tried beside the old one, then exchanged in one move.

# picamera2's libraries are compiled against the system's NumPy and crash with another; pip must leave it.
system_numpy() {
    if installed python3-picamera2 || offered python3-picamera2; then
        dpkg-query -W -f '${Version}' python3-numpy 2>/dev/null | sed 's/^[0-9]*://; s/[-+~].*//'
    fi
}

# What makes one installed program differ from another: the source, Python, and the system's NumPy.
fingerprint() {
    {
        $PYTHON --version
        system_numpy
        if [ -f "$source" ]; then
            sha256sum <"$source"
        else
            cd "$source"
            find pyproject.toml README.md LICENSE device models training convert -type f ! -name '*.pyc' -exec sha256sum {} + | sort
        fi
    } | sha256sum | cut -c 1-12
}

install_program() {
    if [ -z "$source" ]; then
        tell kept "program $(readlink $OPT/venv) (no checkout here and no --from)"
        return
    fi
    program=venv-$(fingerprint)
    if [ "$(readlink $OPT/venv || true)" = "$program" ] && "$OPT/$program/bin/mien" --version >/dev/null 2>&1; then
        tell kept "program $OPT/$program"
    else
        require_space
        do_it "program $OPT/$program, from $source (some minutes)" build_program
        note_change
        do_it "$OPT/venv points to it" switch_program
    fi
    if [ "$here" != $OPT/systemd ] && ! diff -rq "$here" $OPT/systemd >/dev/null 2>&1; then
        do_it "a copy of this script and its files in $OPT/systemd" copy_installer
    fi
    if [ "$(readlink $COMMAND || true)" = $OPT/venv/bin/mien ]; then
        tell kept "$COMMAND"
    else
        do_it "$COMMAND" ln -sfn $OPT/venv/bin/mien $COMMAND
    fi
}

# The new program is built and tried beside the old one, which goes on running.
build_program() {
    rm -rf "${OPT:?}/$program"
    mkdir -p $OPT
    $PYTHON -m venv --system-site-packages "$OPT/$program"
    numpy=$(system_numpy)
    echo "${numpy:+numpy==$numpy}" >"$OPT/$program/constraints.txt"
    # Nothing is left in root's home, unless a cache is asked for.
    [ -n "${PIP_CACHE_DIR:-}" ] || export PIP_NO_CACHE_DIR=1
    "$OPT/$program/bin/python" -m pip install --quiet --disable-pip-version-check --prefer-binary \
        --constraint "$OPT/$program/constraints.txt" "${source}[device]"
    quietly "$OPT/$program/bin/mien" models
    if installed python3-picamera2; then quietly "$OPT/$program/bin/python" -c 'import picamera2'; fi
    if [ -f $CONF/mien.toml ]; then quietly "$OPT/$program/bin/mien" config check --config $CONF/mien.toml; fi
    sync
}
switch_program() {
    ln -sfn "$program" $OPT/venv.new
    mv -T $OPT/venv.new $OPT/venv
}
copy_installer() {
    rm -rf $OPT/systemd.new $OPT/systemd.old
    cp -R "$here" $OPT/systemd.new
    [ ! -e $OPT/systemd ] || mv -T $OPT/systemd $OPT/systemd.old
    mv -T $OPT/systemd.new $OPT/systemd
    rm -rf $OPT/systemd.old
}
