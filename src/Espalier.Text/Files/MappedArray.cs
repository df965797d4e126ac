using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;

namespace Espalier.Text.Files;

/// <summary>A file of little-endian values, mapped into memory and read as if it were an array. Safe to read from several threads.</summary>
/// <typeparam name="T">The kind of value.</typeparam>
internal sealed unsafe class MappedArray<T> : IDisposable where T : unmanaged
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly T* _values;
    private bool _disposed;

    /// <exception cref="TextException">The file is missing or its length is not what was expected.</exception>
    public MappedArray(string path, long expectedLength)
    {
        var info = new FileInfo(path);
        if (!info.Exists)
            throw new TextException("is missing; prepare the corpus again", path);
        long expectedBytes = expectedLength * Unsafe.SizeOf<T>();
        if (info.Length != expectedBytes || expectedBytes == 0)
            throw new TextException($"has {info.Length:N0} bytes, {expectedBytes:N0} were expected; prepare the corpus again", path);
        Length = expectedLength;
        try
        {
            _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
            _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            _file?.Dispose();
            throw new TextException($"cannot be opened: {fault.Message}", path, inner: fault);
        }
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _values = (T*)(start + _view.PointerOffset);
    }

    public long Length { get; }

    public T this[long index]
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((ulong)index, (ulong)Length);
            return _values[index];
        }
    }

    public ReadOnlySpan<T> Slice(long start, int length)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, Length - length);
        return new ReadOnlySpan<T>(_values + start, length);
    }

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }
}
