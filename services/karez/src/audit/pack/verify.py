#!/usr/bin/env python3
"""Checks this evidence pack with nothing but Python's own library: python3 verify.py [KEY]

KEY is the log's public key as you got it before, or from elsewhere; without it the one in key.txt is taken,
which shows that the pack is whole, but not whose it is. 仅用 Python 自带库核验本证据包；KEY 为此前另行取得的公钥。
"""
import base64, hashlib, json, pathlib, sys

HERE = pathlib.Path(__file__).resolve().parent


class Wrong(Exception):
    pass


def need(is_so, what):
    if not is_so:
        raise Wrong(what)


# --- hash functions: SHA-256 is Python's; SM3 (GB/T 32905) where OpenSSL lacks it ---

def sm3(data):
    def turn(x, n):
        n %= 32
        return ((x << n) | (x >> (32 - n))) & 0xFFFFFFFF

    state = [0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600, 0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E]
    padded = data + b"\x80" + b"\0" * ((55 - len(data)) % 64) + (8 * len(data)).to_bytes(8, "big")
    for at in range(0, len(padded), 64):
        w = [int.from_bytes(padded[at + 4 * i:at + 4 * i + 4], "big") for i in range(16)]
        for j in range(16, 68):
            x = w[j - 16] ^ w[j - 9] ^ turn(w[j - 3], 15)
            w.append(x ^ turn(x, 15) ^ turn(x, 23) ^ turn(w[j - 13], 7) ^ w[j - 6])
        a, b, c, d, e, f, g, h = state
        for j in range(64):
            ss1 = turn((turn(a, 12) + e + turn(0x79CC4519 if j < 16 else 0x7A879D8A, j)) & 0xFFFFFFFF, 7)
            ff = a ^ b ^ c if j < 16 else (a & b) | (a & c) | (b & c)
            gg = e ^ f ^ g if j < 16 else (e & f) | (~e & 0xFFFFFFFF & g)
            tt1 = (ff + d + (ss1 ^ turn(a, 12)) + (w[j] ^ w[j + 4])) & 0xFFFFFFFF
            tt2 = (gg + h + ss1 + w[j]) & 0xFFFFFFFF
            a, b, c, d = tt1, a, turn(b, 9), c
            e, f, g, h = tt2 ^ turn(tt2, 9) ^ turn(tt2, 17), e, turn(f, 19), g
        state = [x ^ y for x, y in zip(state, (a, b, c, d, e, f, g, h))]
    return b"".join(x.to_bytes(4, "big") for x in state)


HASHES = {"sha256": lambda data: hashlib.sha256(data).digest(), "sm3": sm3}


# --- Ed25519 (RFC 8032), verification only ---

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, p):
    q = (0, 1, 1, 0)
    while n:
        if n & 1:
            q = add(q, p)
        p, n = add(p, p), n >> 1
    return q


def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    need(y < P and (x * x - x2) % P == 0 and (x or not sign), "the key or the signature is no point of the curve")
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(key, message, signature):
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    h = int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % ORDER
    left, right = times(s, BASE), add(point(r), times(h, point(key)))
    same = (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0
    return len(signature) == 64 and s < ORDER and same


def opened(note, key_text):
    """The origin, size and root of a signed checkpoint."""
    name, key_id, key = key_text.strip().split("+", 2)
    key = base64.b64decode(key)
    need(key[:1] == b"\x01" and len(key) == 33, "the key is no Ed25519 key")
    expected = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    need(expected.hex() == key_id, "the key's id does not fit the key")
    text, _, signatures = note.partition("\n\n")
    for line in signatures.splitlines():
        mark, signer, signature = line.split(" ")
        signature = base64.b64decode(signature)
        if mark == "—" and signer == name and signature[:4] == expected:
            need(is_signed(key[1:], (text + "\n").encode(), signature[4:]), "the signature of the checkpoint does not fit")
            origin, size, root = text.split("\n")
            need(origin == name, "the checkpoint is of another log")
            return origin, int(size), base64.b64decode(root)
    raise Wrong("the checkpoint is not signed by this key")


# --- the Merkle tree (RFC 6962): leaf = H(0 ‖ chain hash), node = H(1 ‖ left ‖ right) ---

def root_above(H, leaf, index, size, proof):
    last = size - 1
    for beside in proof:
        need(last, "the proof is too long")
        if index & 1 or index == last:
            leaf = H(b"\1" + beside + leaf)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            leaf = H(b"\1" + leaf + beside)
        index, last = index >> 1, last >> 1
    need(last == 0, "the proof is too short")
    return leaf


def push(H, peaks, leaf):
    level = 0
    while peaks and peaks[-1][0] == level:
        leaf, level = H(b"\1" + peaks.pop()[1] + leaf), level + 1
    peaks.append((level, leaf))


def root_of(H, peaks):
    if not peaks:
        return H(b"")
    root = peaks[-1][1]
    for _, left in reversed(peaks[:-1]):
        root = H(b"\1" + left + root)
    return root


def main():
    manifest = json.loads((HERE / "manifest.json").read_text("utf-8"))
    key = sys.argv[1] if len(sys.argv) > 1 else (HERE / "key.txt").read_text("utf-8")
    origin, size, root = opened((HERE / "checkpoint.txt").read_text("utf-8"), key)
    algorithm = origin.split("/")[1]
    need(algorithm in HASHES, f"the hash function {algorithm} is unknown here")
    H, is_whole = HASHES[algorithm], manifest["scope"] == "whole"
    previous, peaks, versions, published, count = bytes(32), [], {}, {}, 0
    with open(HERE / "events.ndjson", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            event = json.loads(line)
            header = json.loads(event["header"])
            position = header["position"]
            if not is_whole:
                previous = bytes.fromhex(event["previous_hash"])
            # The chain: H(previous hash ‖ header ‖ LF ‖ payload ‖ LF ‖ metadata), on the exact bytes.
            content = "\n".join([event["header"], event["payload"], event["metadata"]]).encode()
            chained = H(previous + content)
            need(chained.hex() == event["hash"], f"position {position} was altered")
            leaf = H(b"\0" + chained)
            if is_whole:
                need(position == count + 1, f"position {count + 1} is missing")
                push(H, peaks, leaf)
                previous = chained
            else:
                proof = [bytes.fromhex(beside) for beside in event["proof"]]
                need(1 <= position <= size, f"position {position} is beyond the checkpoint")
                found = root_above(H, leaf, position - 1, size, proof)
                need(found == root, f"position {position} is not in the log that was signed")
            if header["stream"] in manifest["streams"] or is_whole:
                expected = versions.get(header["stream"], 0) + 1
                need(header["version"] == expected, f"{header['stream']}: version {expected} is missing")
                versions[header["stream"]] = expected
            if header["type"] == "rules_published":
                published[position] = json.loads(event["payload"])
            count += 1
    need(count == manifest["events"] or manifest["events"] is None, "events are missing")
    if is_whole:
        need(count == size and root_of(H, peaks) == root, "these are not all events of the log that was signed")
    for position, rules in published.items():
        text = (HERE / "rules" / f"{position}.toml").read_bytes()
        need(text == rules["rules"].encode(), f"rules/{position}.toml is not what was published")
        need(hashlib.sha256(text).hexdigest() == rules["content_hash"], f"the hash of rules/{position}.toml does not fit")
    print(f"sound 核验无误: {count} events, {len(versions)} streams, {len(published)} rule sets, "
          f"under the checkpoint of {size} events, {algorithm} root {root.hex()}")
    print(f"key 公钥: {key.strip()}")


try:
    main()
except (Wrong, OSError, ValueError, KeyError) as error:
    print(f"NOT sound 核验不符: {error}", file=sys.stderr)
    sys.exit(1)
