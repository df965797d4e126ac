using Espalier.Engine.Devices;
using Espalier.Engine.Memory;

namespace Espalier.Engine.Models;

/// <summary>
/// Positions as sines and cosines of falling frequency (Vaswani et al. 2017, §3.5), in the arrangement of the authors'
/// and fairseq's programs: first all sines, then all cosines, frequencies 10000^(−i / (H/2 − 1)).
/// </summary>
internal sealed class SinusoidalPositions : IDisposable
{
    private readonly DeviceMemory _memory;

    public SinusoidalPositions(Device device, int positions, int hidden)
    {
        float[] table = new float[positions * hidden];
        int half = hidden / 2;
        for (int t = 0; t < positions; t++)
        {
            for (int i = 0; i < half; i++)
            {
                double angle = t * Math.Exp(-i * Math.Log(10000) / Math.Max(1, half - 1));
                table[(t * hidden) + i] = (float)Math.Sin(angle);
                table[(t * hidden) + half + i] = (float)Math.Cos(angle);
            }
        }

        _memory = new DeviceMemory(device, table.Length * sizeof(float));
        device.Upload(table, Table);
    }

    /// <summary>Positions × H.</summary>
    public DeviceSpan<float> Table => _memory.Span<float>();

    public void Dispose() => _memory.Dispose();
}
