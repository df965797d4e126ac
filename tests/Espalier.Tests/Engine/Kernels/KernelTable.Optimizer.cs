using Espalier.Engine.Kernels;

namespace Espalier.Tests.Engine.Kernels;

internal static partial class KernelTable
{
    private static IEnumerable<KernelCase> Optimizer()
        => from count in Lengths
           from step in new[] { 1, 1000 }
           from decay in new[] { 0f, 0.1f }
           select new KernelCase(nameof(IKernels.AdamW), $"{count} step {step} decay {decay}", count, (kernels, o) =>
           {
               // Moments begin at zero; later ones are such that no reciprocal is out of proportion.
               float first = step == 1 ? 0 : 0.1f, second = step == 1 ? 0 : 0.01f;
               kernels.AdamW(new AdamWArguments
               {
                   Weights = o.InOut("weights", count, 1),
                   Gradients = o.Input(count),
                   FirstMoments = o.InOut("first moments", count, 1, -first, first),
                   SecondMoments = o.InOut("second moments", count, 1e-3, second, 2 * second),
                   GradientScale = 0.25f,
                   LearningRate = 1e-2f,
                   Beta1 = 0.9f,
                   Beta2 = 0.98f,
                   Epsilon = 1e-6f,
                   WeightDecay = decay,
                   Correction1 = 1 - MathF.Pow(0.9f, step),
                   Correction2 = 1 - MathF.Pow(0.98f, step),
               });
           });
}
