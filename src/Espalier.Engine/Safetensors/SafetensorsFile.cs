using System.Buffers.Binary;
using System.Collections.ObjectModel;
using System.IO.MemoryMappedFiles;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Espalier.Engine.Safetensors;

/// <summary>
/// A safetensors file, mapped into memory and read only: eight bytes with the header's length, a JSON header, the tensors' bytes
/// (huggingface/safetensors, README, "Format"). Opening checks the whole header and touches no tensor. Any number of
/// threads may read at once. While it is open the file may be replaced (as <see cref="SafetensorsWriter"/> does) but
/// must not be cut short in place, since the operating system ends a process that reads a mapped page which is gone.
/// </summary>
public sealed unsafe class SafetensorsFile : IDisposable
{
    /// <summary>The format's bound on the header, in bytes.</summary>
    public const int MaxHeaderBytes = 100_000_000;

    internal const int LengthBytes = sizeof(ulong);

    private const int ChunkElements = 1 << 20, HashedAtOnce = 1 << 26;

    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;
    private readonly long _length;
    private byte* _data;

    private SafetensorsFile(string path, SafeFileHandle handle, long length)
    {
        Path = path;
        _map = MemoryMappedFile.CreateFromFile(
            handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        try
        {
            _view = _map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        }
        catch
        {
            _map.Dispose();
            throw;
        }

        // Held until Dispose. There is no finalizer on purpose: a span would not keep this object alive, and a forgotten
        // mapping is better than a span into nowhere.
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        start += _view.PointerOffset;
        _start = start;
        _length = length;
        _data = start;
        try
        {
            ulong headerBytes = BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(start, LengthBytes));
            if (headerBytes > MaxHeaderBytes || (long)headerBytes > length - LengthBytes)
            {
                throw new SafetensorsException(path, null, $"it is damaged or cut short: its first 8 bytes announce a header of {headerBytes} bytes; "
                    + $"expected at most {MaxHeaderBytes}, and no more than the {length - LengthBytes} that follow");
            }

            long dataBytes = length - LengthBytes - (long)headerBytes;
            var header = new ReadOnlySpan<byte>(start + LengthBytes, (int)headerBytes);
            (Dictionary<string, TensorEntry> tensors, Dictionary<string, string> metadata) =
                HeaderReader.Read(path, header, dataBytes);
            Tensors = new ReadOnlyDictionary<string, TensorEntry>(tensors);
            Metadata = new ReadOnlyDictionary<string, string>(metadata);
            _data = start + LengthBytes + headerBytes;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The path that was opened.</summary>
    public string Path { get; }

    /// <summary>All tensors by name, in no particular order.</summary>
    public IReadOnlyDictionary<string, TensorEntry> Tensors { get; }

    /// <summary>The free text under <c>__metadata__</c>; empty when there is none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Maps the file and checks its header.</summary>
    /// <exception cref="SafetensorsException">It is not a whole and consistent safetensors file.</exception>
    /// <exception cref="IOException">It cannot be read; <see cref="FileNotFoundException"/> when it is not there.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read, or is a folder.</exception>
    public static SafetensorsFile Open(string path)
    {
        SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        try
        {
            long length = RandomAccess.GetLength(handle);
            return length >= LengthBytes
                ? new SafetensorsFile(path, handle, length)
                : throw new SafetensorsException(path, null, $"holds {length} bytes; expected a safetensors file of 8 or more");
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>A tensor's bytes, in place. They must not be touched once this object is disposed.</summary>
    /// <exception cref="SafetensorsException">
    /// There is no such tensor, or it has 2 GiB or more; those go by <see cref="GetBytes(string, long, int)"/>.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The file was closed.</exception>
    public ReadOnlySpan<byte> GetBytes(string name)
    {
        TensorEntry entry = Find(name);
        return entry.ByteCount <= int.MaxValue
            ? Slice(entry, 0, (int)entry.ByteCount)
            : throw new SafetensorsException(Path, name, $"has {entry.ByteCount} bytes, too many for one span; read it in parts");
    }

    /// <summary>
    /// <paramref name="count"/> of a tensor's bytes from <paramref name="offset"/> on, in place. They must not be touched once
    /// this object is disposed.
    /// </summary>
    /// <exception cref="SafetensorsException">There is no such tensor.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The part does not lie within the tensor.</exception>
    /// <exception cref="ObjectDisposedException">The file was closed.</exception>
    public ReadOnlySpan<byte> GetBytes(string name, long offset, int count)
    {
        TensorEntry entry = Find(name);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, entry.ByteCount - count);
        return Slice(entry, offset, count);
    }

    /// <summary>
    /// Overwrites <paramref name="destination"/> with all elements of a tensor of F32, F16, BF16 (exactly) or F64 (rounded).
    /// </summary>
    /// <exception cref="SafetensorsException">
    /// There is no such tensor, it is of another kind, or has not as many elements as <paramref name="destination"/>.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The file was closed.</exception>
    public void CopyTo(string name, Span<float> destination)
    {
        TensorEntry entry = Find(name);
        if (!FloatConversion.Supports(entry.Dtype) || entry.ElementCount != destination.Length)
        {
            throw new SafetensorsException(Path, name,
                $"is {entry.Description}; expected {destination.Length} elements of F32, F16, BF16 or F64");
        }

        int elementBytes = entry.Dtype.Bits() / 8;
        for (int done = 0; done < destination.Length; done += ChunkElements)
        {
            Span<float> chunk = destination.Slice(done, Math.Min(ChunkElements, destination.Length - done));
            FloatConversion.ToSingle(
                entry.Dtype, Slice(entry, (long)done * elementBytes, chunk.Length * elementBytes), chunk);
        }
    }

    /// <summary>SHA-256 of the whole file, of the same bytes that tensors are read from, in lower-case hex.</summary>
    /// <exception cref="ObjectDisposedException">The file was closed.</exception>
    public string Sha256()
    {
        ObjectDisposedException.ThrowIf(_data == null, this);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (long at = 0; at < _length; at += HashedAtOnce)
        {
            hash.AppendData(new ReadOnlySpan<byte>(_start + at, (int)Math.Min(HashedAtOnce, _length - at)));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Closes the file. Spans into it are invalid from here on.</summary>
    public void Dispose()
    {
        if (_data != null)
        {
            _data = null;
            _view.SafeMemoryMappedViewHandle.ReleasePointer();

            // Not the view itself: that would flush the file to the disk, which a reader has no reason to wait for.
            _view.SafeMemoryMappedViewHandle.Dispose();
            _map.Dispose();
        }
    }

    private ReadOnlySpan<byte> Slice(TensorEntry entry, long offset, int count) => new(_data + entry.Begin + offset, count);

    private TensorEntry Find(string name)
    {
        ObjectDisposedException.ThrowIf(_data == null, this);
        return Tensors.TryGetValue(name, out TensorEntry? entry)
            ? entry
            : throw new SafetensorsException(Path, name, $"is not in the file, which holds {Tensors.Count} tensors");
    }
}
