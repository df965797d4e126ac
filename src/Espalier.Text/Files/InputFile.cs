using System.IO.Compression;

namespace Espalier.Text.Files;

/// <summary>
/// A file being read, plain or gzip (told by its first two bytes, not by its name). What the file system or the
/// decompressor complains about arrives as a <see cref="TextException"/> that names the file.
/// </summary>
public sealed class InputFile : Stream
{
    private readonly string _path;
    private readonly FileStream _file;
    private readonly Stream _content;

    // Without this switch .NET takes the end of a truncated gzip file for its end of text. It must be set before the
    // process decompresses anything, because the runtime reads it once.
    static InputFile() => AppContext.SetSwitch("System.IO.Compression.UseStrictValidation", true);

    private InputFile(string path, FileStream file)
    {
        _path = path;
        _file = file;
        Span<byte> head = stackalloc byte[2];
        int got = file.ReadAtLeast(head, 2, throwOnEndOfStream: false);
        file.Position = 0;
        _content = got == 2 && head.SequenceEqual(GzipMagic) ? new GZipStream(file, CompressionMode.Decompress) : file;
    }

    /// <summary>The first bytes of what is compressed with gzip.</summary>
    internal static ReadOnlySpan<byte> GzipMagic => [0x1f, 0x8b];

    /// <summary>Opens a file for one pass from its beginning.</summary>
    /// <exception cref="TextException">It is missing, a folder, a pipe, or may not be read.</exception>
    public static InputFile Open(string path)
    {
        if (Directory.Exists(path))
            throw new TextException("is a folder, a file was expected; name the files in it, for example with *", path);
        try
        {
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
            try
            {
                return file.CanSeek ? new InputFile(path, file)
                    : throw new TextException("is a pipe or a device, a file was expected; write what comes from it to a file first", path);
            }
            catch
            {
                file.Dispose();
                throw;
            }
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new TextException("there is no such file", path, inner: fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new TextException($"cannot be opened: {fault.Message}", path, inner: fault);
        }
    }

    /// <summary>Bytes of the file on disk that have been consumed; beside the file's length it tells the progress.</summary>
    public long BytesConsumed => _file.Position;

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        try
        {
            return _content.Read(buffer);
        }
        catch (InvalidDataException fault)
        {
            throw new TextException("is a damaged or truncated gzip file; get a whole copy of it", _path, inner: fault);
        }
        catch (IOException fault)
        {
            throw new TextException($"cannot be read: {fault.Message}", _path, inner: fault);
        }
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _content.Dispose();
            _file.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
