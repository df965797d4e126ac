using Microsoft.Win32.SafeHandles;

namespace Espalier.Engine.Safetensors;

/// <summary>
/// Writes a safetensors file, whole or not at all: under another name in the same folder, flushed to the disk, then renamed over
/// the old one. All tensors are declared at the start; their bytes follow in any number of pieces, so that a model of
/// many gigabytes needs no second copy. The same tensors give the same file, in whatever order they were declared.
/// </summary>
/// <example>
/// <code>
/// using var writer = new SafetensorsWriter(path, [new("weight", Dtype.F32, [2, 3])]);
/// writer.Write("weight", bytes);
/// writer.Commit();
/// </code>
/// </example>
public sealed class SafetensorsWriter : IDisposable
{
    private readonly string _path;
    private readonly string _temporary;
    private readonly SafeFileHandle _handle;
    private readonly long _dataStart;
    private readonly Dictionary<string, (TensorEntry Entry, long Written)> _tensors;

    /// <summary>Begins a file beside <paramref name="path"/>, which is not touched before <see cref="Commit"/>.</summary>
    /// <exception cref="SafetensorsException">
    /// Names repeat or are not allowed, a shape is impossible, or the header would pass
    /// <see cref="SafetensorsFile.MaxHeaderBytes"/>.
    /// </exception>
    /// <exception cref="IOException">The folder is not there, or the disk has no room.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    public SafetensorsWriter(
        string path, IEnumerable<TensorDeclaration> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        _path = path;
        Tensors = HeaderWriter.Lay(path, tensors);
        _tensors = Tensors.ToDictionary(entry => entry.Name, entry => (entry, 0L));
        byte[] header = HeaderWriter.Write(path, Tensors, metadata ?? new Dictionary<string, string>());
        _dataStart = header.Length;
        long dataBytes = Tensors.Count == 0 ? 0 : Tensors[^1].End;

        _temporary = $"{Path.GetFullPath(path)}.{Path.GetRandomFileName()}.tmp";
        _handle = File.OpenHandle(
            _temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.None, _dataStart + dataBytes);
        try
        {
            RandomAccess.Write(_handle, header, 0);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>
    /// The tensors in the order in which the file holds them: by falling alignment, then by name. Writing in this order is
    /// fastest.
    /// </summary>
    public IReadOnlyList<TensorEntry> Tensors { get; }

    /// <summary>Appends little-endian bytes to a tensor. Tensors may be written in any order, and in turns.</summary>
    /// <exception cref="SafetensorsException">The tensor was not declared, or these are more bytes than it has.</exception>
    /// <exception cref="IOException">The disk is full or failed.</exception>
    /// <exception cref="ObjectDisposedException">The file was committed or given up.</exception>
    public void Write(string name, ReadOnlySpan<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        if (!_tensors.TryGetValue(name, out (TensorEntry Entry, long Written) tensor))
        {
            throw new SafetensorsException(_path, name, "was not declared; expected one of those that the writer was made with");
        }

        if (bytes.Length > tensor.Entry.ByteCount - tensor.Written)
        {
            throw new SafetensorsException(_path, name, $"is given {bytes.Length} bytes after {tensor.Written}; expected "
                + $"{tensor.Entry.ByteCount} in all for {tensor.Entry.Description}");
        }

        RandomAccess.Write(_handle, bytes, _dataStart + tensor.Entry.Begin + tensor.Written);
        _tensors[name] = (tensor.Entry, tensor.Written + bytes.Length);
    }

    /// <summary>Puts the file in its place, once it is on the disk. Nothing can be written afterwards.</summary>
    /// <exception cref="SafetensorsException">A tensor was not written to its end; the file in place is what it was.</exception>
    /// <exception cref="IOException">The disk or the rename failed; the file in place is what it was.</exception>
    /// <exception cref="ObjectDisposedException">The file was committed or given up.</exception>
    public void Commit()
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        foreach ((TensorEntry entry, long written) in _tensors.Values)
        {
            if (written != entry.ByteCount)
            {
                throw new SafetensorsException(
                    _path, entry.Name, $"has {written} bytes so far; expected {entry.ByteCount} for {entry.Description}");
            }
        }

        RandomAccess.FlushToDisk(_handle);
        _handle.Dispose();
        try
        {
            File.Move(_temporary, _path, overwrite: true);
        }
        catch
        {
            DeleteTemporary();
            throw;
        }
    }

    /// <summary>Gives the file up unless it was committed.</summary>
    public void Dispose()
    {
        if (!_handle.IsClosed)
        {
            _handle.Dispose();
            DeleteTemporary();
        }
    }

    private void DeleteTemporary()
    {
        try
        {
            File.Delete(_temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Whatever made the caller give up matters more than a file that is left over under a name nobody reads.
        }
    }
}
