using System.IO.Compression;

namespace EventService.Physics.Formats;

/// <summary>
/// Unpacks gzip data of one or more members and knows whether they were complete. <see cref="GZipStream"/> takes a cut-off
/// stream for a finished one; here a last member of our own is added behind the data, and only if its text comes out
/// at the end was everything before it whole. What comes out after our member went in is held back until that is known.
/// </summary>
internal sealed class CheckedGzipStream : Stream
{
    private static readonly byte[] Marker = "<end of the data>"u8.ToArray();
    private static readonly byte[] MarkerMember = Pack(Marker);

    private readonly SandwichStream _packed;
    private readonly GZipStream _unpacked;
    private readonly byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _end;
    private bool _atEnd;

    /// <param name="head">Bytes already taken from <paramref name="rest"/>.</param>
    /// <param name="rest">The rest of the packed data; disposed with this stream.</param>
    public CheckedGzipStream(ReadOnlySpan<byte> head, Stream rest)
    {
        _packed = new SandwichStream(head.ToArray(), rest, MarkerMember);
        _unpacked = new GZipStream(_packed, CompressionMode.Decompress);
    }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="InvalidDataException">The packed data are damaged or cut off, or other bytes follow them.</exception>
    public override int Read(Span<byte> buffer)
    {
        while (MustReadOn())
        {
            Accept(_unpacked.Read(_buffer.AsSpan(_end)));
        }

        return Give(buffer);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (MustReadOn())
        {
            Accept(await _unpacked.ReadAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false));
        }

        return Give(buffer.Span);
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _unpacked.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>
    /// Makes room; returns true if no bytes remain to be returned, or if those that remain came out behind the
    /// data and are not yet checked.
    /// </summary>
    private bool MustReadOn()
    {
        if (_start == _end)
        {
            _start = 0;
            _end = 0;
            return !_atEnd;
        }

        return !_atEnd && _packed.TailReached;
    }

    private void Accept(int count)
    {
        _end += count;
        if (count > 0)
        {
            return;
        }

        // Also reached with a full buffer: then far more came out behind the data than our member holds.
        _atEnd = true;
        if (!_buffer.AsSpan(_start, _end - _start).EndsWith(Marker))
        {
            throw new InvalidDataException("The gzip data are cut off, or other bytes follow them.");
        }

        _end -= Marker.Length;
    }

    private int Give(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, _end - _start);
        _buffer.AsSpan(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    private static byte[] Pack(byte[] text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(text);
        }

        return packed.ToArray();
    }

    /// <summary>Some bytes, then a stream, then some bytes.</summary>
    private sealed class SandwichStream(byte[] head, Stream middle, byte[] tail) : Stream
    {
        private int _headGiven;
        private int _tailGiven;

        public bool TailReached => _tailGiven > 0;

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            var count = Give(head, ref _headGiven, buffer);
            count = count > 0 ? count : middle.Read(buffer);
            return count > 0 ? count : Give(tail, ref _tailGiven, buffer);
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = Give(head, ref _headGiven, buffer.Span);
            count = count > 0 ? count : await middle.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            return count > 0 ? count : Give(tail, ref _tailGiven, buffer.Span);
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                middle.Dispose();
            }

            base.Dispose(disposing);
        }

        private static int Give(byte[] bytes, ref int given, Span<byte> buffer)
        {
            var count = Math.Min(buffer.Length, bytes.Length - given);
            bytes.AsSpan(given, count).CopyTo(buffer);
            given += count;
            return count;
        }
    }
}
