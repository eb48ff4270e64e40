# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for wgq(8)

# WireGuard interfaces, of the kernel and of userspace implementations.
function __wgq_interfaces
    for f in /sys/class/net/*/uevent
        string match -q DEVTYPE=wireguard <$f 2>/dev/null
        and string replace -r '.*/([^/]+)/uevent$' '$1' $f
    end
    for f in /var/run/wireguard/*.sock
        test -S $f
        and string replace -r '.*/(.+)\.sock$' '$1' $f
    end
end

function __wgq_confs
    for f in /etc/wireguard/*.conf
        string replace -r '.*/(.+)\.conf$' '$1' $f
    end
end

function __wgq_files
    __fish_complete_suffix .conf | string match -r '^.*(?:\.conf|/)(?:\t.*)?$'
end

# Is the word that is typed the second, after one of these verbs?
function __wgq_after
    set -l words (commandline -opc)
    test (count $words) -eq 2; and contains -- $words[2] $argv
end

function __wgq_first
    test (count (commandline -opc)) -eq 1
end

complete -c wgq -f
complete -c wgq -n __wgq_first -a up -d 'bring an interface up'
complete -c wgq -n __wgq_first -a down -d 'take an interface down'
complete -c wgq -n __wgq_first -a save -d 'write the live state into the conf'
complete -c wgq -n __wgq_first -a strip -d 'print the conf as wg(8) reads it'
complete -c wgq -n __wgq_first -l version -d 'print the version'
complete -c wgq -n '__wgq_first; or __wgq_after up down save strip' -s h -l help -d 'tell how to call wgq'
complete -c wgq -n '__wgq_after up strip' -a '(__wgq_confs; __wgq_files)'
complete -c wgq -n '__wgq_after down save' -a '(__wgq_interfaces)'
complete -c wgq -n '__wgq_after down save; and string match -q "*/*" -- (commandline -ct)' -a '(__wgq_files)'
