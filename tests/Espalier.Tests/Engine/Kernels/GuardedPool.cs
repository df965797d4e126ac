namespace Espalier.Tests.Engine.Kernels;

/// <summary>Where a buffer lies between its two guard pages.</summary>
internal enum Placement
{
    /// <summary>Its last byte is followed by a guard page; its alignment is what its length makes it.</summary>
    AtEnd,

    /// <summary>A guard page comes before its first byte, which is at a page's beginning.</summary>
    AtBegin,

    /// <summary>Four bytes behind a page's beginning: no vector is aligned.</summary>
    Odd,
}

/// <summary>Guarded buffers, used again from case to case.</summary>
internal sealed class GuardedPool(Placement placement) : IDisposable
{
    private readonly List<GuardedRegion> _regions = [];

    public Placement Placement => placement;

    /// <summary>The address of buffer number <paramref name="index"/> with room for just so many bytes.</summary>
    public nint Place(int index, long bytes)
    {
        if (index == _regions.Count)
        {
            _regions.Add(new GuardedRegion(1 << 16));
        }

        if (_regions[index].Bytes < bytes + sizeof(float))
        {
            _regions[index].Dispose();
            _regions[index] = new GuardedRegion(bytes + sizeof(float));
        }

        GuardedRegion region = _regions[index];
        return placement switch
        {
            Placement.AtEnd => region.Address + (nint)(region.Bytes - bytes),
            Placement.AtBegin => region.Address,
            _ => region.Address + sizeof(float),
        };
    }

    public void Dispose()
    {
        foreach (GuardedRegion region in _regions)
        {
            region.Dispose();
        }

        _regions.Clear();
    }
}
