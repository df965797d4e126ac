using System.Runtime.InteropServices;
using Espalier.Engine.Memory;

namespace Espalier.Tests.Engine.Kernels;

/// <summary>Spans over this process's memory, made from numbers and read back as numbers.</summary>
internal sealed unsafe class HostSpans : IDisposable
{
    private readonly List<nint> _blocks = [];

    public DeviceSpan<T> Of<T>(params ReadOnlySpan<T> values)
        where T : unmanaged
    {
        void* block = NativeMemory.AlignedAlloc((nuint)Math.Max(1, values.Length * sizeof(T)), 64);
        values.CopyTo(new Span<T>(block, values.Length));
        _blocks.Add((nint)block);
        return new DeviceSpan<T>((nint)block, values.Length);
    }

    public DeviceSpan<float> Zeros(int count) => Of<float>(new float[count]);

    public static Span<T> Read<T>(DeviceSpan<T> span)
        where T : unmanaged
        => new((void*)span.Address, (int)span.Length);

    public void Dispose()
    {
        foreach (nint block in _blocks)
        {
            NativeMemory.AlignedFree((void*)block);
        }

        _blocks.Clear();
    }
}
