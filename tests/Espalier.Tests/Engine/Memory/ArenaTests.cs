using Espalier.Engine.Devices;
using Espalier.Engine.Memory;

namespace Espalier.Tests.Engine.Memory;

public sealed class ArenaTests : IDisposable
{
    private readonly CpuDevice _device = new(threads: 1, InstructionSet.Reference);
    private readonly Arena _arena;

    public ArenaTests() => _arena = new Arena(_device);

    public void Dispose()
    {
        _arena.Dispose();
        _device.Dispose();
    }

    [Fact]
    public void Allocate_ManyBlocks_AreAlignedAndApart()
    {
        var blocks = Enumerable.Range(0, 50).Select(i => _arena.Allocate<float>(i * 37)).OrderBy(block => block.Address).ToList();
        Assert.All(blocks, block => Assert.Equal(0, block.Address % 64));
        Assert.All(blocks.Zip(blocks.Skip(1)), pair =>
            Assert.True(pair.First.Address + (nint)Math.Max(1, pair.First.Length * sizeof(float)) <= pair.Second.Address));
    }

    [Fact]
    public void Free_ThenAllocateAsMuch_HandsOutTheSamePlace()
    {
        _arena.Allocate<float>(100);
        DeviceSpan<float> freed = _arena.Allocate<float>(1000);
        _arena.Allocate<float>(100);
        _arena.Free(freed);
        Assert.Equal(freed, _arena.Allocate<float>(1000));
    }

    [Fact]
    public void Allocate_SeveralHolesFit_TakesTheSmallest()
    {
        DeviceSpan<float> large = _arena.Allocate<float>(4000);
        _arena.Allocate<float>(16);
        DeviceSpan<float> small = _arena.Allocate<float>(1000);
        _arena.Allocate<float>(16);
        _arena.Free(large);
        _arena.Free(small);
        Assert.Equal(small.Address, _arena.Allocate<float>(900).Address);
    }

    [Theory]
    [InlineData(0, 1, 2)]
    [InlineData(2, 1, 0)]
    [InlineData(0, 2, 1)]
    public void Free_NeighboursInAnyOrder_AreJoined(int first, int second, int third)
    {
        DeviceSpan<float>[] blocks = [_arena.Allocate<float>(1024), _arena.Allocate<float>(1024), _arena.Allocate<float>(1024)];
        long capacity = _arena.Capacity;
        DeviceSpan<byte> rest = _arena.Allocate<byte>(capacity - (3 * 4096));
        foreach (int index in (int[])[first, second, third])
        {
            _arena.Free(blocks[index]);
        }

        Assert.Equal(blocks.Min(block => block.Address), _arena.Allocate<float>(3072).Address);
        Assert.Equal(capacity, _arena.Capacity);
        Assert.Equal(capacity - (3 * 4096), rest.Length);
    }

    [Fact]
    public void Reset_AfterGrowth_LeavesOnePieceThatHoldsTheSameStep()
    {
        TakeStep();
        long grown = _arena.Capacity;
        _arena.Reset();
        Assert.Equal(grown, _arena.Capacity);

        // One piece: the whole of it can be had at once.
        _arena.Allocate<byte>(grown);
        Assert.Equal(grown, _arena.Capacity);
        _arena.Reset();
        TakeStep();
        Assert.Equal(grown, _arena.Capacity);
    }

    [Fact]
    public void Step_InSteadyState_AllocatesNothing()
    {
        for (int i = 0; i < 3; i++)
        {
            TakeStep();
            _arena.Reset();
        }

        long capacity = _arena.Capacity, before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
        {
            TakeStep();
            _arena.Reset();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(capacity, _arena.Capacity);
    }

    [Fact]
    public void PeakBytes_BlocksComeAndGo_IsTheMostAtOneTime()
    {
        DeviceSpan<byte> first = _arena.Allocate<byte>(1 << 12);
        _arena.Free(first);
        _arena.Allocate<byte>(1 << 14);
        Assert.Equal(1 << 14, _arena.PeakBytes);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MaxValue / 2)]
    public void Allocate_ImpossibleCount_Throws(long count)
        => Assert.ThrowsAny<ArgumentOutOfRangeException>(() => _arena.Allocate<float>(count));

    // As a training step does: activations one after the other, given back in the reverse order with a gradient for each.
    private void TakeStep()
    {
        Span<nint> addresses = stackalloc nint[40];
        for (int i = 0; i < 40; i++)
        {
            addresses[i] = _arena.Allocate<float>(20_000 + (i * 512)).Address;
        }

        for (int i = 39; i >= 0; i--)
        {
            DeviceSpan<float> gradient = _arena.Allocate<float>(5_000);
            _arena.Free(new DeviceSpan<float>(addresses[i], 20_000 + (i * 512)));
            _arena.Free(gradient);
        }
    }
}
