using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Safetensors;

namespace Espalier.Tests.Engine.Safetensors;

public class TensorTransferTests
{
    [Fact]
    public void Load_OtherTensors_NamesEveryFaultAndTouchesNothing()
    {
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice(1);
        using ParameterSet saved = Parameters(device, 1, ("same", 2, 3), ("other shape", 2, 3), ("only there", 4, 1));
        TensorTransfer.Save(folder["model.safetensors"], device, saved.Stored());
        using ParameterSet wanted = Parameters(device, 2, ("same", 2, 3), ("other shape", 3, 2), ("only here", 1, 1));
        float[] before = Weights(wanted);
        using SafetensorsFile file = SafetensorsFile.Open(folder["model.safetensors"]);
        string message = Assert.Throws<SafetensorsException>(() => TensorTransfer.Load(file, device, wanted.Stored())).Message;
        Assert.Contains("only here is missing", message);
        Assert.Contains("'other shape' is F32 [2, 3], expected floats of [3 × 2]", message);
        Assert.Contains("'only there' is unexpected", message);
        Assert.Equal(before, Weights(wanted));
    }

    [Fact]
    public void Load_WhatWasSaved_RestoresMomentsLaidOutOtherwise()
    {
        // Decayed parameters come first in memory: the place of a name is another in each set.
        using var folder = new TemporaryFolder();
        using var device = new CpuDevice(1);
        using ParameterSet a = Parameters(device, 1, ("x", 3, 5), ("y", 1, 7)), b = Parameters(device, 2, ("y", 1, 7), ("x", 3, 5));
        TensorTransfer.Save(folder["moments.safetensors"], device, a.Stored(a.Gradients));
        TensorTransfer.Save(folder["model.safetensors"], device, a.Stored(a.Weights));
        using SafetensorsFile file = SafetensorsFile.Open(folder["model.safetensors"]);
        TensorTransfer.Load(file, device, b.Stored());
        Assert.Equal(a.Stored().OrderBy(t => t.Name).SelectMany(t => Read(device, t.Values)), b.Stored().OrderBy(t => t.Name).SelectMany(t => Read(device, t.Values)));
    }

    private static ParameterSet Parameters(CpuDevice device, ulong seed, params (string Name, int Rows, int Columns)[] shapes)
    {
        var parameters = new ParameterSet(device);
        foreach ((string name, int rows, int columns) in shapes)
        {
            parameters.Add(name, Shape.Matrix(rows, columns), Initialization.Normal(1), decay: rows > 1);
        }

        parameters.Allocate(seed);
        return parameters;
    }

    private static float[] Weights(ParameterSet parameters) => Read(parameters.Device, parameters.Weights);

    private static float[] Read(Device device, Espalier.Engine.Memory.DeviceSpan<float> span)
    {
        float[] values = new float[span.Length];
        device.Download(span, values);
        return values;
    }
}
