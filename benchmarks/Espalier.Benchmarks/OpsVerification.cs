using Espalier.Engine.Devices;

namespace Espalier.Benchmarks;

/// <summary>Runs a kernel beside its definition before anything is timed, on a problem just large enough for every thread to
/// have its part.</summary>
internal static class OpsVerification
{
    private const int Tokens = 192, Length = 24, Hidden = 128;

    /// <exception cref="InvalidOperationException">An operand differs after the call.</exception>
    public static void Verify(OpsCase operation, CpuDevice device)
    {
        OpsCase small = OpsCase.All(Tokens, Length, Hidden).Single(c => c.Name == operation.Name);
        using var definition = new CpuDevice(1, InstructionSet.Reference);
        using var ours = new OpsBuffers(device, small);
        using var expected = new OpsBuffers(definition, small);
        small.Run(device.Kernels, ours);
        small.Run(definition.Kernels, expected);
        for (int i = 0; i < ours.Floats.Length; i++)
        {
            float[] got = new float[ours.Floats[i].Length], want = new float[got.Length];
            device.Download(ours.Floats[i], got);
            definition.Download(expected.Floats[i], want);
            double allowed = 1e-4 * Math.Max(1, want.Max(Math.Abs));
            for (int j = 0; j < got.Length; j++)
            {
                if (!(Math.Abs(got[j] - want[j]) <= allowed))
                {
                    throw new InvalidOperationException($"{operation.Name}: operand {i}[{j}] is {got[j]}, expected {want[j]}");
                }
            }
        }
    }
}
