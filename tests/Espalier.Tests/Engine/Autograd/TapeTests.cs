using Espalier.Engine.Autograd;
using Espalier.Engine.Autograd.Ops;
using Espalier.Engine.Devices;
using Espalier.Engine.Kernels;

namespace Espalier.Tests.Engine.Autograd;

public sealed class TapeTests : IDisposable
{
    private readonly CpuDevice _device = new(1, InstructionSet.Reference);
    private readonly Tape _tape;

    public TapeTests() => _tape = new Tape(_device);

    public void Dispose()
    {
        _tape.Dispose();
        _device.Dispose();
    }

    [Fact]
    public void Backward_NothingRecorded_SaysSo()
    {
        _tape.Recording = false;
        Tensor y = Activate.Apply(_tape, Filled(1), Activation.Tanh);
        Assert.Throws<InvalidOperationException>(() => _tape.Backward(y));
    }

    [Fact]
    public void FreeSince_KeptTensor_SurvivesAndTheRestIsUsedAgain()
    {
        _tape.Recording = false;
        Tensor x = Filled(1);
        long peak = 0;
        for (int layer = 0; layer < 10; layer++)
        {
            TapeMark mark = _tape.Mark();
            Tensor y = Add.Apply(_tape, Add.Apply(_tape, x, x), x);
            _tape.FreeSince(mark, y);
            x = y;
            peak = layer == 1 ? _tape.PeakBytes : peak;
        }

        Assert.Equal(Math.Pow(3, 10), Read(x)[0]);
        Assert.True(_tape.PeakBytes <= peak + (9 * 4096), $"{_tape.PeakBytes} bytes after ten layers, {peak} after two");
    }

    [Fact]
    public void FreeSince_TensorFromBeforeTheMark_IsNotGivenBackTwice()
    {
        _tape.Recording = false;
        TapeMark outer = _tape.Mark();
        Tensor x = Filled(1);
        TapeMark inner = _tape.Mark();

        // Dropout that drops nothing hands on the tensor that it was given.
        _tape.FreeSince(inner, Dropout.Apply(_tape, x, 0.5f));
        Tensor last = Filled(2);
        _tape.FreeSince(outer, last);
        Tensor a = Filled(3), b = Filled(4), c = Filled(5);
        Assert.Equal([2f, 3f, 4f, 5f], new[] { last, a, b, c }.Select(tensor => Read(tensor)[0]));
    }

    [Fact]
    public void Backward_StepNotSet_DrawsTheNextMicroBatchesMasks()
    {
        _tape.Training = true;
        float[] Dropped()
        {
            _tape.Reset();
            Tensor y = Dropout.Apply(_tape, Filled(1), 0.5f);
            float[] values = Read(y);
            _tape.Backward(y);
            return values;
        }

        Assert.NotEqual(Dropped(), Dropped());
        Assert.Equal(2u, _tape.Step);
    }

    [Fact]
    public void Operations_ShapesThatDoNotFit_AreNamedInTheError()
    {
        Tensor x = _tape.New(Shape.Matrix(2, 3)), y = _tape.New(Shape.Matrix(3, 2));
        ShapeException fault = Assert.Throws<ShapeException>(() => Add.Apply(_tape, x, y));
        Assert.Equal((nameof(Add), y.Shape), (fault.Operation, fault.Actual));
        Assert.Contains("[2 × 3]", fault.Message, StringComparison.Ordinal);
        Assert.Contains("[3 × 2]", fault.Message, StringComparison.Ordinal);
        Assert.Throws<ShapeException>(() => Attention.ApplySelf(_tape, x, 2, default, false, 0));
        Assert.Throws<ShapeException>(() => Attention.ApplyCross(_tape, x, y, 1, default, default, 0));
    }

    [Theory]
    [InlineData(new int[0], 0)]
    [InlineData(new[] { 1, 4 }, 4)]
    [InlineData(new[] { 0, 3 }, 4)]
    [InlineData(new[] { 0, 3, 2, 4 }, 4)]
    [InlineData(new[] { 0, 9, 4 }, 4)]
    public void Sequences_BadOffsets_AreRefused(int[] offsets, int tokens)
        => Assert.Throws<ArgumentException>(() => Sequences.Upload(_tape, offsets, tokens));

    private Tensor Filled(float value)
    {
        Tensor tensor = _tape.New(Shape.Matrix(32, 32));
        _device.Kernels.Fill(tensor.Data, value);
        return tensor;
    }

    private float[] Read(Tensor tensor)
    {
        float[] values = new float[tensor.Shape.Count];
        _device.Download(tensor.Data, values);
        return values;
    }
}
