using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Espalier.Engine.Devices;
using Espalier.Engine.Kernels;
using Espalier.Engine.Memory;

namespace Espalier.Tests.Engine.Memory;

public sealed class DeviceMemoryTests : IDisposable
{
    private readonly CpuDevice _device = new(threads: 1, InstructionSet.Reference);

    public void Dispose() => _device.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4100)]
    [InlineData((2 << 20) + 12)]
    public void Constructor_AnySize_IsAlignedAndZero(long bytes)
    {
        using var memory = new DeviceMemory(_device, bytes);
        DeviceSpan<byte> span = memory.Span<byte>();
        byte[] content = new byte[bytes];
        Array.Fill(content, (byte)1);
        _device.Download(span, content);
        Assert.Equal(bytes, span.Length);
        Assert.Equal(0, span.Address % 64);
        Assert.Equal(-1, content.AsSpan().IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void Upload_ThenDownload_GivesTheSameElements()
    {
        using var memory = new DeviceMemory(_device, 5 * sizeof(float));
        _device.Upload<float>([1, 2, 3, 4], memory.Span<float>().Slice(1, 4));
        float[] content = new float[5];
        _device.Download(memory.Span<float>(), content);
        Assert.Equal([0, 1, 2, 3, 4], content);
    }

    [Fact]
    public void UploadAndDownload_MoreThanTheSpanHolds_Throw()
    {
        using var memory = new DeviceMemory(_device, 4 * sizeof(float));
        Assert.Throws<ArgumentException>(() => _device.Upload<float>(new float[5], memory.Span<float>()));
        Assert.Throws<ArgumentException>(() => _device.Download(memory.Span<float>(), new float[5]));
    }

    [Fact]
    public void Span_BytesThatAreNoWholeElement_LeavesThemOut()
    {
        using var memory = new DeviceMemory(_device, 11);
        Assert.Equal(2, memory.Span<float>().Length);
    }

    [Fact]
    public void Span_AfterDispose_Throws()
    {
        var memory = new DeviceMemory(_device, 64);
        memory.Dispose();
        memory.Dispose();
        Assert.Throws<ObjectDisposedException>(() => memory.Span<float>());
    }

    [Fact]
    public void Collection_OwnerForgotten_LeavesTheMemoryToItsSpans()
    {
        using var device = new CountingDevice();
        DeviceSpan<float> span = Forgotten(device);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal(0, device.Freed);
        device.FreeBytes(span.Address);
    }

    [Fact]
    public void Constructor_NegativeSize_Throws()
        => Assert.Throws<ArgumentOutOfRangeException>(() => new DeviceMemory(_device, -1));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static DeviceSpan<float> Forgotten(Device device) => new DeviceMemory(device, 64).Span<float>();

    private sealed class CountingDevice : Device
    {
        public int Freed { get; private set; }

        public override string Description => "counts";

        public override IKernels Kernels => throw new NotSupportedException();

        public override void Dispose()
        {
        }

        protected internal override nint AllocateBytes(long bytes) => Marshal.AllocHGlobal((nint)bytes);

        protected internal override void FreeBytes(nint address)
        {
            Freed++;
            Marshal.FreeHGlobal(address);
        }

        protected override void UploadBytes(ReadOnlySpan<byte> source, nint target) => throw new NotSupportedException();

        protected override void DownloadBytes(nint source, Span<byte> target) => throw new NotSupportedException();
    }
}
