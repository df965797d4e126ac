using Espalier.Engine.Devices;
using Espalier.Engine.Kernels;
using Espalier.Engine.Memory;

namespace Espalier.Benchmarks;

/// <summary>The processor with a stopwatch before every kernel.</summary>
internal sealed class ProfiledDevice : Device
{
    private readonly CpuDevice _device;
    private readonly ProfiledKernels _kernels;

    public ProfiledDevice(CpuDevice device)
    {
        _device = device;
        _kernels = new ProfiledKernels(device.Kernels, Profile);
    }

    public Dictionary<string, KernelTime> Profile { get; } = [];

    public override string Description => _device.Description;

    public override IKernels Kernels => _kernels;

    public override void Dispose()
    {
    }

    protected internal override nint AllocateBytes(long bytes) => _device.AllocateBytes(bytes);

    protected internal override void FreeBytes(nint address) => _device.FreeBytes(address);

    protected override unsafe void UploadBytes(ReadOnlySpan<byte> source, nint target)
        => _device.Upload(source, new DeviceSpan<byte>(target, source.Length));

    protected override unsafe void DownloadBytes(nint source, Span<byte> target)
        => _device.Download(new DeviceSpan<byte>(source, target.Length), target);
}
