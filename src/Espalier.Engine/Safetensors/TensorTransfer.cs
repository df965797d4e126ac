using System.Buffers;
using System.Runtime.InteropServices;
using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Memory;

namespace Espalier.Engine.Safetensors;

/// <summary>
/// Moves tensors between a device and safetensors files: a model's (<see cref="ParameterSet.Stored()"/>), an optimizer's
/// moments (<see cref="ParameterSet.Stored(DeviceSpan{float})"/>), or any that the caller names.
/// </summary>
public static class TensorTransfer
{
    private const int ChunkElements = 1 << 18;

    // Of tensors that are wrong; with more names nobody sees what is at fault.
    private const int Named = 8;

    /// <summary>Writes a file of F32 tensors, whole or not at all.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="device">Where the tensors lie.</param>
    /// <param name="tensors">Names, shapes and values; several names may share values.</param>
    /// <param name="metadata">Free text for the header.</param>
    /// <exception cref="SafetensorsException">Two tensors have one name.</exception>
    /// <exception cref="IOException">The disk is full or failed, or the folder is not there.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    public static void Save(
        string path, Device device, IEnumerable<(string Name, Shape Shape, DeviceSpan<float> Values)> tensors,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        (string Name, Shape Shape, DeviceSpan<float> Values)[] all = [.. tensors];
        using var writer = new SafetensorsWriter(
            path, all.Select(t => new TensorDeclaration(t.Name, Dtype.F32, Dimensions(t.Shape))), metadata);
        float[] chunk = ArrayPool<float>.Shared.Rent(ChunkElements);
        foreach ((string name, _, DeviceSpan<float> values) in all)
        {
            for (long done = 0; done < values.Length; done += ChunkElements)
            {
                Span<float> part = chunk.AsSpan(0, (int)Math.Min(ChunkElements, values.Length - done));
                device.Download(values.Slice(done, part.Length), part);
                writer.Write(name, MemoryMarshal.AsBytes(part));
            }
        }

        ArrayPool<float>.Shared.Return(chunk);
        writer.Commit();
    }

    /// <summary>Overwrites tensors from a file. Nothing is touched unless every one of them is there.</summary>
    /// <param name="file">F32, F16, BF16 (exactly) or F64 (rounded).</param>
    /// <param name="device">Where the tensors lie.</param>
    /// <param name="tensors">Names in the file, shapes, and where the values go.</param>
    /// <param name="exact">Whether a tensor in the file that is not asked for is a fault.</param>
    /// <param name="finite">Whether a value that is infinite or no number is a fault; it is found on the way, with some of the tensors
    /// overwritten.</param>
    /// <exception cref="SafetensorsException">Tensors are missing, unexpected or of another shape, or a value is no finite number; the
    /// message names them, the first few where they are many.</exception>
    public static void Load(
        SafetensorsFile file, Device device, IEnumerable<(string Name, Shape Shape, DeviceSpan<float> Values)> tensors,
        bool exact = true, bool finite = false)
    {
        (string Name, Shape Shape, DeviceSpan<float> Values)[] all = [.. tensors];
        if (Faults(file, all, exact) is { Count: > 0 } faults)
        {
            string more = faults.Count > Named ? $"; and so it is with {faults.Count - Named} more" : "";
            throw new SafetensorsException(file.Path, null, file.Tensors.Keys.Any(name => name.EndsWith(".codes", StringComparison.Ordinal))
                ? $"has compressed tensors, and config.json beside it does not say so, or they are not of this model: copy the package anew ({faults[0]})"
                : $"is not of this model: {string.Join("; ", faults.Take(Named))}{more}");
        }

        float[] chunk = ArrayPool<float>.Shared.Rent(ChunkElements);
        foreach ((string name, Shape shape, DeviceSpan<float> values) in all)
        {
            Dtype dtype = file.Tensors[name].Dtype;
            int bytes = dtype.Bits() / 8;
            for (long done = 0; done < values.Length; done += ChunkElements)
            {
                Span<float> part = chunk.AsSpan(0, (int)Math.Min(ChunkElements, values.Length - done));
                FloatConversion.ToSingle(dtype, file.GetBytes(name, done * bytes, part.Length * bytes), part);
                if (finite && FirstNotFinite(part) is { } at)
                {
                    throw new SafetensorsException(
                        file.Path, name, $"has the value {part[at]} in row {(done + at) / shape.Columns}, column {(done + at) % shape.Columns}; expected finite "
                            + "numbers only. The model is damaged or its training diverged: copy it anew, or take an earlier checkpoint");
                }

                device.Upload(part, values.Slice(done, part.Length));
            }
        }

        ArrayPool<float>.Shared.Return(chunk);
    }

    private static int? FirstNotFinite(ReadOnlySpan<float> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
            {
                return i;
            }
        }

        return null;
    }

    private static List<string> Faults(
        SafetensorsFile file, (string Name, Shape Shape, DeviceSpan<float> Values)[] tensors, bool exact)
    {
        List<string> faults = [];
        foreach ((string name, Shape shape, _) in tensors)
        {
            if (!file.Tensors.TryGetValue(name, out TensorEntry? entry))
            {
                faults.Add($"{name} is missing");
            }
            else if (!entry.Shape.SequenceEqual(Dimensions(shape)) || !FloatConversion.Supports(entry.Dtype))
            {
                faults.Add($"{SafetensorsException.Quote(name)} is {entry.Description}, expected floats of {shape}");
            }
        }

        if (exact)
        {
            faults.AddRange(file.Tensors.Keys.Except(tensors.Select(t => t.Name)).Order(StringComparer.Ordinal)
                .Select(name => $"{SafetensorsException.Quote(name)} is unexpected"));
        }

        return faults;
    }

    private static long[] Dimensions(Shape shape) => shape.Rank == 1 ? [shape.Columns] : [shape.Rows, shape.Columns];
}
