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

# Interfaces of any kind.
function __wgq_links
    for f in /sys/class/net/*/uevent
        string replace -r '.*/([^/]+)/uevent$' '$1' $f
    end
end

# One interface, or one more behind a comma.
function __wgq_list
    set -l given (string replace -r '^[^=]*=' '' -- (commandline -ct))
    set -l start (string match -r '^.*,' -- $given)
    or set start ''
    for link in (__wgq_links)
        string match -q -- "*,$link,*" ",$start"
        or echo $start$link
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

function __wgq_first
    test (count (commandline -opc)) -eq 1
end

# Is it one of these verbs, and no `--` behind it?
function __wgq_verb
    set -l words (commandline -opc)
    contains -- "$words[2]" $argv; and not contains -- -- $words
end

# Is the word that is typed what one of these verbs is for?
function __wgq_target
    set -l words (commandline -opc)
    contains -- "$words[2]" $argv; or return
    set -l value 0
    set -l options 1
    for word in $words[3..-1]
        if test $value = 1
            set value 0
        else if test $options = 1; and string match -q -- '-*' $word
            test "$word" = --; and set options 0
            contains -- $word --open-port --hooks --in --out --src --dst --proto --port
            and set value 1
        else
            return 1
        end
    end
    test $value = 0
    and not string match -q -- '-*=*' (commandline -ct)
end

complete -c wgq -f
complete -c wgq -n __wgq_first -a up -d 'bring an interface up'
complete -c wgq -n __wgq_first -a down -d 'take an interface down'
complete -c wgq -n __wgq_first -a save -d 'write the live state into the conf'
complete -c wgq -n __wgq_first -a strip -d 'print the conf as wg(8) reads it'
complete -c wgq -n __wgq_first -a hooks -d 'tell how each hook of a conf will run'
complete -c wgq -n __wgq_first -a explain -d 'tell which firewall rules let a flow through or refuse it'
complete -c wgq -n __wgq_first -l version -d 'print the version'
complete -c wgq -n '__wgq_first; or __wgq_verb up down save strip hooks explain' -s h -l help -d 'tell how to call wgq'

complete -c wgq -n '__wgq_verb up' -l forward -f -a '(__wgq_list)' -d 'accept forwarded traffic, and turn forwarding on'
complete -c wgq -n '__wgq_verb up' -l masquerade -f -a '(__wgq_list)' -d 'masquerade what leaves by these interfaces'
complete -c wgq -n '__wgq_verb up' -l open-port -x -a 'peers any' -d 'accept what comes to ListenPort, from peers or anybody'
complete -c wgq -n '__wgq_verb up' -l hooks -x -a 'all native none' -d 'which hooks run'
complete -c wgq -n '__wgq_verb up' -l literal -d 'let the rules of hooks stand where they say'

complete -c wgq -n '__wgq_verb down' -l hooks -x -a 'all none' -d 'which hooks run'

complete -c wgq -n '__wgq_verb hooks' -l json -d 'answer in JSON'
complete -c wgq -n '__wgq_verb hooks' -l tsv -d 'judge lines `ID TAB KIND TAB HOOK\' of standard input'

complete -c wgq -n '__wgq_verb explain' -l in -x -a '(__wgq_links)' -d 'interface that packets come in by'
complete -c wgq -n '__wgq_verb explain' -l out -x -a '(__wgq_links)' -d 'interface that they go out by'
complete -c wgq -n '__wgq_verb explain' -l src -x -d 'their source'
complete -c wgq -n '__wgq_verb explain' -l dst -x -d 'their destination'
complete -c wgq -n '__wgq_verb explain' -l proto -x -a 'tcp udp icmp' -d 'their protocol: tcp, udp, icmp or a number'
complete -c wgq -n '__wgq_verb explain' -l port -x -d 'their destination port'
complete -c wgq -n '__wgq_verb explain' -l reply -d 'they are replies, not new connections'
complete -c wgq -n '__wgq_verb explain' -l local -d 'they are for this host, and not forwarded'
complete -c wgq -n '__wgq_verb explain' -l json -d 'answer in JSON'

complete -c wgq -n '__wgq_target up strip hooks explain' -a '(__wgq_confs; __wgq_files)'
complete -c wgq -n '__wgq_target down save' -a '(__wgq_interfaces)'
complete -c wgq -n '__wgq_target down save; and string match -q "*/*" -- (commandline -ct)' -a '(__wgq_files)'
