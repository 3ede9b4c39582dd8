"""URLs that must never be accepted as a redirect_url: known tricks for open redirects."""

words = str.split

# By trick. Only https://app.example.com and https://shop.example:8443 are allowed. URLs with white space, a backslash
# or a non-ASCII character are strings; the others are words of one text.
# The formatter would put each string on a line of its own.
# fmt: off
BY_TRICK = {
    "schemes and missing parts": [
        *words("""
            / done /done app.example.com //app.example.com/ ///app.example.com/ https:app.example.com
            https:/app.example.com https:///app.example.com https:// https:/// https://:443/ https://?app.example.com
            https://#app.example.com http://app.example.com/ HTTPS://app.example.com/ ftp://app.example.com/
            wss://app.example.com/ file:///etc/passwd javascript:alert(1)//https://app.example.com
            javascript://app.example.com/%0aalert(1) JaVaScRiPt:alert(1) data:text/html,<script>alert(1)</script>
            vbscript:msgbox(1) intent://app.example.com#Intent;scheme=https;end https%3a%2f%2fapp.example.com https
            https: app.example.com:443 app.example.com/done ////app.example.com/ https:////app.example.com/
            httpss://app.example.com/ xhttps://app.example.com/ https+x://app.example.com/ hTTps://app.example.com/
            view-source:https://app.example.com/ blob:https://app.example.com/1
            filesystem:https://app.example.com/temporary/ jar:https://app.example.com!/ feed:https://app.example.com/
            about:blank mailto:a@app.example.com tel:+60123 sms:+60123 app.example.com://done
            javascript:https://app.example.com/ java%0ascript:alert(1) javascript:alert(1)
            data:text/html;base64,PHNjcmlwdD4= data://app.example.com/,x ws://app.example.com/ gopher://app.example.com/
            ldap://app.example.com/ https://https://app.example.com/ https://http://app.example.com/
            url=https://app.example.com/ ?https://app.example.com/ #https://app.example.com/ <https://app.example.com/>
        """),
        "", " ", "/\\app.example.com/",
    ],
    "user info": [
        *words("""
            https://app.example.com@evil.example/ https://app.example.com:443@evil.example/
            https://user:password@app.example.com/ https://@app.example.com/ https://evil.example%40app.example.com/
            https://app.example.com%40evil.example/ https://app.example.com@evil.example:443/
            https://app.example.com:@evil.example/ https://app.example.com:x@evil.example/#@app.example.com/
            https://evil.example@app.example.com/ https://evil.example:80@app.example.com/ https://:@app.example.com/
            https://user@app.example.com/ https://user:@app.example.com/ https://a@b@app.example.com/
            https://app.example.com@@evil.example/ https://app.example.com%3a443@evil.example/
            https://app.example.com;@evil.example/ https://app.example.com&@evil.example/
            https://app.example.com+@evil.example/ https://%61pp.example.com@evil.example/
        """),
    ],
    "ports": [
        *words("""
            https://app.example.com:8443/ https://app.example.com:80/ https://app.example.com:/
            https://app.example.com:0443/ https://app.example.com:443443/ https://app.example.com:-1/
            https://shop.example/ https://shop.example:443/ https://app.example.com:0/ https://app.example.com:00443/
            https://app.example.com:000443/ https://app.example.com:4430/ https://app.example.com:65536/
            https://app.example.com:65979/ https://app.example.com:443:443/ https://app.example.com::443/
            https://app.example.com:+443/ https://app.example.com:4%343/ https://app.example.com:0x1bb/
            https://app.example.com:https/ https://app.example.com:443.evil.example/
            https://app.example.com:443%2f@evil.example/ https://app.example.com:*/ https://shop.example:08443/
            https://shop.example:8443@evil.example/
        """),
        "https://app.example.com:4\u096a3/", "https://app.example.com: 443/", "https://app.example.com:443 /",
        "https://app.example.com:\u0664\u0664\u0663/",
    ],
    "backslashes, control characters and white space": [
        *words("""
            https://app.example.com/<script>
        """),
        "https://app.example.com\\@evil.example/", "https://evil.example\\@app.example.com/",
        "https:\\\\app.example.com/", "https://app.example.com\\.evil.example/", "https://app.example.com/a\\b",
        "https://app.example.com/\r\nSet-Cookie: a=b", "https://app.example.com\n", "https://app.example.com/\n",
        "\nhttps://app.example.com/", " https://app.example.com/", "https://app.example.com/ ",
        "https://app.exa\tmple.com/", "ht\ttps://app.example.com/", "https://app.example.com/\x00",
        "https://app.example.com/\x7f", "https://app.example.com/\u2028", "https://app.example.com\xa0/",
        "https://app.example.com/a b", 'https://app.example.com/"onload="alert(1)', "https:\\/app.example.com/",
        "https:/\\app.example.com/", "https://\\app.example.com/", "\\\\app.example.com/",
        "https://evil.example\\.app.example.com/", "https://app.example.com\\evil.example/",
        "https://app.example.com/?a\\b", "https://app.example.com/#a\\b", "h\nttps://app.example.com/",
        "https:\n//app.example.com/", "https:/\t/app.example.com/", "https://\tapp.example.com/",
        "https://app.example.com\t/", "https://app.example.com\r/", "https://app.example.com\x00.evil.example/",
        "https://app.example.com\x0b/", "https://app.example.com/\x1f", "\x00https://app.example.com/",
        "\ufeffhttps://app.example.com/", "https://app.example.com/?a\r\nLocation: https://evil.example",
        "https://app.example.com/#\n", "https://app.example.com/\x85", "https://app.example.com/\u2029",
        "https://app.example.com /", "https:// app.example.com/", "https://app.example.com\u200b/",
    ],
    "look-alikes and punycode": [
        *words("""
            https://xn--pp-7kc.example.com/ https://xn--app-example-com.evil.example/ https://app.xn--xample-2of.com/
            https://app.xn--exmple-cua.com/ https://xn--app.example.com/ https://app.example.xn--cm-fka/
        """),
        "https://\u0430pp.example.com/", "https://app.exam\uff50le.com/", "https://app\u3002example\u3002com/",
        "https://app.example.com\uff0f@evil.example/", "https://app.examp\u017fe.com/", "https://app.ex\xadample.com/",
        "https://app.example.com\u202e/", "\uff48ttps://app.example.com/", "https://app.example.com\u3002evil.example/",
        "https://app\uff0eexample\uff0ecom/", "https://app\uff61example\uff61com/",
        "https://app.example.com\u2024evil.example/", "https://app.example.com\uff0fevil.example/",
        "https://app.example.com\u2215evil.example/", "https://app.example.com\u2044evil.example/",
        "https://app.example.com\uff1fevil.example/", "https://app.example.com\uff03evil.example/",
        "https://app.example.com\uff20evil.example/", "https://app.example.com\ufe55443/",
        "https://app.ex\u0251mple.com/", "https://app.examp\u217ce.com/", "https://app.example.\u0441om/",
        "https://\u24d0pp.example.com/", "https://app.e\u0445ample.com/", "https://app.example.com\u0338/",
        "https:\uff0f\uff0fapp.example.com/", "https\uff1a//app.example.com/",
    ],
    "hosts that only begin, end or go on alike": [
        *words("""
            https://app.example.com.evil.example/ https://evilapp.example.com/ https://evil.example/app.example.com
            https://evil.example/https://app.example.com https://evil.example?https://app.example.com
            https://evil.example#https://app.example.com https://app.example.com. https://app.example.com./
            https://.app.example.com/ https://-app.example.com/ https://app..example.com/ https://example.com/
            https://app.example.co/ https://app-example.com/ https://*.example.com/
            https://app.example.com,evil.example/ https://app.example.com;evil.example/
            https://app.example.com&evil.example/ https://app%2eexample%2ecom/ https://app.example.com%2eevil.example/
            https://app.example.com%00.evil.example/ https://app.example.com%2f@evil.example/
            https://app.example.comevil.example/ https://app.example.com-evil.example/
            https://app.example.com_evil.example/ https://app.example.community/ https://app.example.com..evil.example/
            https://evil.example.app.example.com/ https://www.app.example.com/ https://app.example.com.:443/
            https://app.example/ https://app.com/ https://app/ https://com/ https://appexample.com/
            https://app.examplecom/ https://ap.example.com/ https://app.example.org/
            https://APP.EXAMPLE.COM.evil.example/ https://shop.example.evil.example:8443/ https://evilshop.example:8443/
            https://app.example.com!evil.example/ https://app.example.com$evil.example/
            https://app.example.com(evil.example)/ https://app.example.com=evil.example/
            https://app.example.com'evil.example/ https://app.example.com~evil.example/
            https://app.example.com`evil.example/ https://app.example.com{evil.example}/
            https://app.example.com|evil.example/ https://app.example.com^evil.example/
        """),
    ],
    "addresses": [
        *words("""
            https://[::1]/ https://[::ffff:127.0.0.1]/ https://[app.example.com]/ https://127.0.0.1/ https://2130706433/
            https://0x7f.1/ https://169.254.169.254/latest/meta-data/ http://localhost/ http://localhost:3000/
            https://127.1/ https://0177.0.0.1/ https://0x7f000001/ https://017700000001/ https://0/ https://0.0.0.0/
            https://10.0.0.1/ https://192.168.0.1/ https://metadata.google.internal/ https://localhost/
            https://localhost.localdomain/ https://127.0.0.1.nip.io/
        """),
    ],
    "percent signs that stand for nothing": [
        *words("""
            https://app.example.com/% https://app.example.com/%zz https://app.example.com/?%2
            https://app.example.com/#a#b https://app.example.com/%u0061 https://app.example.com/%-1
            https://app.example.com/%%32 https://app.example.com/?%=1 https://app.example.com/#%g0
        """),
    ],
    "IPv6": [
        *words("""
            https://[::]/ https://[::1]:443/ https://[::1%25lo]/ https://[fe80::1%25eth0]/ https://[fe80::1%eth0]/
            https://[fe80::1%25app.example.com]/ https://[::ffff:7f00:1]/ https://[::ffff:169.254.169.254]/
            https://[::ffff:a9fe:a9fe]/ https://[0:0:0:0:0:ffff:127.0.0.1]/ https://[64:ff9b::7f00:1]/
            https://[2001:db8::1]/ https://[v1.app.example.com]/ https://[app.example.com/ https://app.example.com]/
            https://[]app.example.com/ https://app.example.com[evil.example]/ https://[::1]app.example.com/ https://::1/
        """),
    ],
    "double encodings": [
        *words("""
            https://app.example.com%252eevil.example/ https://app%252eexample%252ecom/
            https://app.example.com%25%32%65evil.example/ https://app.example.com%252f@evil.example/
            https://app.example.com%255c@evil.example/ https://app.example.com%2540evil.example/
            https://app.example.com%250d%250aLocation:evil/ https://%2561pp.example.com/
            https:%252f%252fapp.example.com/ https%253a%252f%252fapp.example.com/ https:%2f%2fapp.example.com/
            https:/%2fapp.example.com/ https:%5c%5capp.example.com/ https://app.example.com%23@evil.example/
            https://app.example.com%3f@evil.example/ https://app.example.com%09.evil.example/
            https://app.example.com%0a.evil.example/ https://app.example.com%e3%80%82evil.example/
            https://app.example.com%c0%ae/
        """),
    ],
    "paths, queries and fragments before the host": [
        *words("""
            https://evil.example/?https://app.example.com/ https://evil.example/#https://app.example.com/
            https://evil.example?app.example.com https://evil.example#app.example.com
            https://evil.example/?@app.example.com/ https://evil.example#@app.example.com/
            https://evil.example?@app.example.com/ https://evil.example/@app.example.com/
            https://evil.example;@app.example.com/ https://evil.example//app.example.com/
            https://evil.example/..//app.example.com/ https://evil.example/%2f%2fapp.example.com/
            https://?@app.example.com/ https://#@app.example.com/ https:///@app.example.com/
            https://evil.example:443#@app.example.com/ https:?app.example.com https:#app.example.com
        """),
    ],
}
# fmt: on
HOSTILE = [url for urls in BY_TRICK.values() for url in urls]

# Where any port of localhost and 127.0.0.1 is allowed too.
LOCAL_HOSTILE = words("""
    http://localhost.evil.example:3000/ http://localhost.:3000/ http://notlocalhost:3000/
    http://localhost:3000@evil.example/ http://localhost:*/ http://127.0.0.1.evil.example/ http://127.0.0.2:3000/
    http://127.1:3000/ http://[::1]:3000/ http://0.0.0.0:3000/ https://127.0.0.1:3000/ http://app.example.com:3000/
    https://app.example.com:3000/ http://localhost:65536/ http://localhost:99999/ http://LOCALHOST:3000/
""")
