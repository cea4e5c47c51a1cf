namespace EventService.Physics.Formats;

/// <summary>
/// A stream seen through one buffer, unpacked if it starts with the magic bytes of gzip. The parser takes what is
/// buffered; <see cref="Fill"/> or <see cref="FillAsync"/> bring more. Knows the line it is at, for error messages.
/// </summary>
internal sealed class ByteSource : IDisposable
{
    /// <summary>Longest line accepted [bytes]: garbage must not take memory.</summary>
    public const int MaximumLineLength = 1 << 20;

    private const int InitialCapacity = 1 << 18;

    private Stream _stream;
    private byte[] _buffer = new byte[InitialCapacity];
    private int _start;
    private int _end;
    private int _scanned; // bytes from _start on that hold no line feed
    private long _blankLine; // the first blank line, if any
    private bool _magicSeen;
    private bool _packed;
    private bool _ended; // the stream has no more bytes

    public ByteSource(Stream stream, string name)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(name);
        _stream = stream;
        Name = name;
    }

    public string Name { get; }

    /// <summary>All bytes have been read from the stream; some may still be in the buffer.</summary>
    public bool AtEnd => _ended;

    /// <summary>Bytes that wait in the buffer.</summary>
    public int Buffered => _end - _start;

    /// <summary>Number of the line that <see cref="TryReadLine"/> gave last; 0 before the first.</summary>
    public long Line { get; private set; }

    /// <summary>
    /// The next line that is not blank, without its line feed and a carriage return before it; false if it is not yet
    /// complete in the buffer. Only the end of the data may be blank.
    /// </summary>
    public bool TryReadLine(out ReadOnlySpan<byte> line)
    {
        while (TryReadAnyLine(out line))
        {
            if (line.IsEmpty)
            {
                _blankLine = _blankLine == 0 ? Line : _blankLine;
            }
            else if (_blankLine > 0)
            {
                throw new DataFormatException(
                    Name, _blankLine, 1, "the line is blank, expected an event (only the end of a file may be blank).");
            }
            else
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The next bytes of a binary format; false if they are not all in the buffer.</summary>
    public bool TryTake(int count, out ReadOnlySpan<byte> bytes)
    {
        if (!_magicSeen || _end - _start < count)
        {
            bytes = default;
            return false;
        }

        bytes = _buffer.AsSpan(_start, count);
        _start += count;
        return true;
    }

    private bool TryReadAnyLine(out ReadOnlySpan<byte> line)
    {
        line = default;
        if (!_magicSeen)
        {
            return false;
        }

        var buffered = _buffer.AsSpan(_start, _end - _start);
        var length = buffered[_scanned..].IndexOf((byte)'\n');
        if (length >= 0)
        {
            length += _scanned;
            _start += length + 1;
        }
        else if (_ended && buffered.Length > 0)
        {
            length = buffered.Length;
            _start = _end;
        }
        else
        {
            _scanned = buffered.Length;
            if (_scanned > MaximumLineLength)
            {
                throw TooLong(Line + 1);
            }

            return false;
        }

        Line++;
        _scanned = 0;
        if (length > MaximumLineLength)
        {
            throw TooLong(Line);
        }

        line = buffered[..length];
        if (length > 0 && line[^1] == (byte)'\r')
        {
            line = line[..^1];
        }

        return true;
    }

    /// <summary>
    /// Reads on; false when the end had been reached before. After the last bytes it returns true once more, with the end known.
    /// </summary>
    public bool Fill()
    {
        if (_ended)
        {
            return false;
        }

        try
        {
            Accept(_stream.Read(Room()));
        }
        catch (InvalidDataException e)
        {
            throw Damaged(e);
        }

        return true;
    }

    /// <inheritdoc cref="Fill"/>
    public async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (_ended)
        {
            return false;
        }

        try
        {
            Accept(await _stream.ReadAsync(RoomMemory(), cancellationToken).ConfigureAwait(false));
        }
        catch (InvalidDataException e)
        {
            throw Damaged(e);
        }

        return true;
    }

    public void Dispose() => _stream.Dispose();

    private Span<byte> Room() => RoomMemory().Span;

    private Memory<byte> RoomMemory()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, 2 * _buffer.Length); // at most 2 MiB: a longer line has been refused
        }

        return _buffer.AsMemory(_end);
    }

    private void Accept(int count)
    {
        _end += count;
        _ended = count == 0;
        if (!_magicSeen && (_end >= 3 || _ended))
        {
            _magicSeen = true;
            LookAtMagic();
        }
    }

    /// <summary>Starts unpacking where the bytes are gzip; skips a UTF-8 byte order mark.</summary>
    private void LookAtMagic()
    {
        var head = _buffer.AsSpan(0, _end);
        if (!_packed && head is [0x1f, 0x8b, ..])
        {
            _stream = new CheckedGzipStream(head, _stream);
            _packed = true;
            _magicSeen = false; // the unpacked text may have a byte order mark of its own
            _end = 0;
            _ended = false;
        }
        else if (head.StartsWith("\uFEFF"u8))
        {
            _start = 3;
        }
    }

    private DataFormatException TooLong(long line) =>
        new(Name, line, MaximumLineLength + 1, $"the line is longer than {MaximumLineLength} bytes; an event has one line.");

    private DataFormatException Damaged(InvalidDataException e) =>
        new(Name, Line + 1, _end - _start + 1, "the gzip data are damaged or cut off. Check with 'gzip -t' and fetch the file again.", e);
}
